import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.openness import mouth_open
from beavervision.synthetic.corpus.articulation import calibrated_rule
from beavervision.synthetic.corpus.facial_motion import closures, move_face, spoken_shapes
from beavervision.synthetic.corpus.speakers import cast
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.visemes import SHAPES, viseme_curves


def words(count, each=0.1):
    symbols = ["m", "a", "t", "o", "p", "i", ""] * count
    return [Phoneme(symbol, i * each, (i + 1) * each) for i, symbol in enumerate(symbols)]


def test_stretches_join_without_a_seam():
    phonemes = words(90)  # 63 s: four stretches of 20 s
    n = 63 * 25
    np.testing.assert_allclose(
        spoken_shapes(phonemes, n, 25), viseme_curves(phonemes, n, 25, calibrated_rule()), atol=2e-3
    )


def test_every_bilabial_has_its_frame():
    # Middles of m at 0.05 + 0.7 k, of p at 0.45 + 0.7 k; the lips close a little ahead, for at least a frame.
    ahead = calibrated_rule().visemes_of("m")[0].ahead
    marks = closures(words(2), 35, 25)
    starts = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(int)])) == 1) / 25
    assert starts == pytest.approx(np.array([0.05, 0.45, 0.75, 1.15]) - ahead, abs=0.04)


def test_effort_and_articulation_open_the_mouth():
    model, speaker = load_gpmm(), cast(1, 0, 1)[0]
    phonemes = [Phoneme("ɑ", 0.0, 0.5)]

    def widest(effort):
        face = move_face(model, speaker, phonemes, np.full(13, effort), 25, np.random.default_rng(1))
        return mouth_open(model.vertices(np.zeros(80), face.expression)).max()

    assert widest(6.0) > 1.1 * widest(0.0) > 1.1 * widest(-6.0)
    assert len(SHAPES) == spoken_shapes(phonemes, 13, 25).shape[1]


def test_the_calibrated_lips_of_bilabials_are_nearer_than_those_of_every_vowel():
    model, rule = load_gpmm(), calibrated_rule()
    shapes = np.stack([model.semantic[shape] for shape in SHAPES])

    def opening(symbol):
        phonemes = [Phoneme("", 0.0, 0.4), Phoneme(symbol, 0.4, 0.6), Phoneme("", 0.6, 1.0)]
        return mouth_open(model.vertices(np.zeros(80), viseme_curves(phonemes, 25, 25, rule) @ shapes))[8:15]

    vowels = [opening(symbol).max() for symbol in ("a", "ɑ", "e", "i", "ə")]
    assert max(opening(symbol).min() for symbol in "pbm") < 0.3 * min(vowels)


def test_vowels_are_seen_before_they_are_heard():
    rule = calibrated_rule()
    ahead = [rule.visemes_of(symbol)[0].ahead for symbol in ("a", "ɑ", "ə", "u")]
    assert np.mean(ahead) > 0.02
