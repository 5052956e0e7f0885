import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.openness import mouth_open
from beavervision.synthetic.ground_truth import actor_truth, speech_truth
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.visemes import ACTOR, SHAPES, VISEMES, gestures_of, viseme_curves

FPS = 25


def line(*symbols, each=0.12):
    return [Phoneme(symbol, i * each, (i + 1) * each) for i, symbol in enumerate(symbols)]


def curve(phonemes, shape, n):
    return viseme_curves(phonemes, n, FPS)[:, SHAPES.index(shape)]


def test_symbols_split_into_visemes():
    assert [v.symbols[0] for v in ACTOR.visemes_of("ˈaɪ")] == ["æ", "i"]
    assert [v.symbols[0] for v in ACTOR.visemes_of("dʒ")] == ["ʃ"]
    assert [v.symbols[0] for v in ACTOR.visemes_of("əl")] == ["ə", "t"]
    assert ACTOR.visemes_of("") == ACTOR.visemes_of("?")


def test_diphthong_shares_its_time():
    first, second = gestures_of([Phoneme("oʊ", 1.0, 1.2)])
    assert (first.start, first.end, second.end) == pytest.approx((1.0, 1.1, 1.2))


def test_silence_is_rest():
    assert np.abs(viseme_curves(line("", "", ""), 9, FPS)).max() == 0


def test_the_end_of_speech_returns_to_rest():
    after = curve([*line("ɑː"), Phoneme("", 0.12, 1.2)], "jaw_open", 30)
    assert after[2] > 0.3
    assert abs(after[-6]) < 0.01


@pytest.mark.parametrize("consonant", ["p", "b", "m"])
def test_bilabials_close_between_open_vowels(consonant):
    model = load_gpmm()
    phonemes = line("ɑː", consonant, "ɑː", "ɑː", consonant, "æ", each=0.1)
    curves = viseme_curves(phonemes, 15, FPS)
    expression = curves @ np.stack([model.semantic[shape] for shape in SHAPES])
    opening = mouth_open(model.vertices(np.zeros(80), expression))
    for phoneme in phonemes:
        if phoneme.symbol == consonant:
            frame = round((phoneme.start + phoneme.end) / 2 * FPS)
            assert opening[frame] < 0.15 * opening.max()


def test_lips_round_stretch_and_bite():
    assert curve(line("uː", each=0.3), "lips_pucker", 8)[4] > 0.7
    assert curve(line("iː", each=0.3), "mouth_stretch", 8)[4] > 0.5
    assert curve(line("f", each=0.3), "lower_lip_roll", 8)[4] > 0.4
    assert curve(line("iː", each=0.3), "lips_pucker", 8)[4] == 0


def test_lips_round_ahead_of_a_rounded_vowel():
    before_u = curve(line("s", "uː", each=0.14), "lips_pucker", 8)
    before_i = curve(line("s", "iː", each=0.14), "lips_pucker", 8)
    assert before_u[2] > 0.15
    assert before_i[2] == 0


def test_every_target_is_a_shape_of_the_model():
    known = set(load_gpmm().semantic)
    assert set(SHAPES) <= known
    assert all(set(v.targets) <= set(SHAPES) for v in VISEMES)


@pytest.mark.parametrize("truth", [actor_truth, speech_truth])
def test_shipped_speech_closes_at_bilabials_and_rests_in_silence(truth):
    found = truth()
    opening = getattr(found, "mouth_open_frontal", found.mouth_open) if truth is actor_truth else found.mouth_open
    wide = np.percentile(opening, 95)
    frames = [
        round((p.start + p.end) / 2 * found.fps)
        for p in found.phonemes
        if p.symbol in ("p", "b", "m") and p.end * found.fps < len(opening)
    ]
    assert len(frames) > 5
    assert opening[frames].max() < 0.15 * wide
    # 0.4 s after speech has ended the mouth is shut
    silent = [p for p in found.phonemes if not p.symbol and p.end - p.start > 0.8]
    for pause in silent:
        quiet = opening[round((pause.start + 0.4) * found.fps) : round((pause.end - 0.3) * found.fps)]
        assert quiet.max(initial=0) < 0.1 * wide
