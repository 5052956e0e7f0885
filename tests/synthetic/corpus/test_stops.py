import numpy as np
import pytest

from beavervision.synthetic.corpus.stop_consonants import BURST, LONGEST, with_closures
from beavervision.synthetic.speech import Phoneme, Speech

RATE = 1000


def spoken(silence, *phonemes):
    """Sound of 1 at 1000 Hz, silent in (start, stop) seconds."""
    samples = np.ones(1000, np.float32)
    samples[round(silence[0] * RATE) : round(silence[1] * RATE)] = 0
    return Speech(samples, RATE, tuple(Phoneme(*p) for p in phonemes))


def test_a_stop_lasts_from_its_closure_to_its_burst():
    found = with_closures(spoken((0.25, 0.3), ("a", 0.1, 0.3), ("p", 0.3, 0.36), ("ɪ", 0.36, 0.5))).phonemes
    assert [p.symbol for p in found] == ["a", "p", "ɪ"]
    times = [t for p in found for t in (p.start, p.end)]
    assert times == pytest.approx([0.1, 0.25, 0.25, 0.3 + BURST, 0.3 + BURST, 0.5], abs=0.0025)


def test_an_affricate_keeps_its_end():
    found = with_closures(spoken((0.25, 0.3), ("a", 0.1, 0.3), ("pf", 0.3, 0.4), ("a", 0.4, 0.5))).phonemes
    assert (found[1].end, found[2].start) == (0.4, 0.4)
    assert found[1].start == pytest.approx(0.25, abs=0.0025)


def test_of_a_pause_a_stop_takes_its_share_only():
    found = with_closures(spoken((0.0, 0.5), ("", 0.0, 0.5), ("t", 0.5, 0.55), ("a", 0.55, 0.9))).phonemes
    assert found[1].start == pytest.approx(0.5 - LONGEST, abs=0.0025)


def test_voiced_sounds_stay_where_they_are():
    speech = spoken((0.25, 0.3), ("a", 0.1, 0.3), ("b", 0.3, 0.36), ("a", 0.36, 0.5))
    assert with_closures(speech).phonemes == speech.phonemes
