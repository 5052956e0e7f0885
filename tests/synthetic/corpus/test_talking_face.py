import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.openness import mouth_open
from beavervision.synthetic.corpus.facial_motion import ANTICIPATION, anticipated, closures, move_face, spoken_shapes
from beavervision.synthetic.corpus.speakers import cast
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.visemes import SHAPES, viseme_curves


def words(count, each=0.1):
    symbols = ["m", "a", "t", "o", "p", "i", ""] * count
    return [Phoneme(symbol, i * each, (i + 1) * each) for i, symbol in enumerate(symbols)]


def test_stretches_join_without_a_seam():
    phonemes = words(90)  # 63 s: four stretches of 20 s
    n = 63 * 25
    np.testing.assert_allclose(spoken_shapes(phonemes, n, 25), viseme_curves(phonemes, n, 25), atol=2e-6)


def test_every_bilabial_has_its_frame():
    # middles of m at 0.05 + 0.7 k, of p at 0.45 + 0.7 k; shut for 0.022 s on either side
    found = np.flatnonzero(closures(words(2), 35, 25)) / 25
    assert found == pytest.approx([0.04, 0.44, 0.76, 1.16])


def test_effort_and_articulation_open_the_mouth():
    model, speaker = load_gpmm(), cast(1, 0, 1)[0]
    phonemes = [Phoneme("ɑ", 0.0, 0.5)]

    def widest(effort):
        face = move_face(model, speaker, phonemes, np.full(13, effort), 25, np.random.default_rng(1))
        return mouth_open(model.vertices(np.zeros(80), face.expression)).max()

    assert widest(6.0) > 1.1 * widest(0.0) > 1.1 * widest(-6.0)
    assert len(SHAPES) == spoken_shapes(phonemes, 13, 25).shape[1]


def test_vowels_are_seen_before_they_are_heard_but_closures_and_pauses_are_not():
    heard = [Phoneme("", 0.0, 0.2), Phoneme("m", 0.2, 0.3), Phoneme("ˈaɪ", 0.3, 0.5), Phoneme("t", 0.5, 0.6)]
    seen = anticipated(heard)
    assert seen[:2] == heard[:2]
    assert [p.start for p in seen[2:]] == pytest.approx([0.3 - ANTICIPATION, 0.5 - ANTICIPATION])
    assert [p.end - p.start for p in seen] == pytest.approx([0.2, 0.1, 0.2, 0.1])
