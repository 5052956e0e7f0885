import sys

import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.synthetic import speech
from beavervision.synthetic.speech import Phoneme, Speech, arrange, speak


def spoken(duration, symbols="ab", rate=100):
    step = duration / len(symbols)
    marks = tuple(Phoneme(s, i * step, (i + 1) * step) for i, s in enumerate(symbols))
    return Speech(np.ones(round(duration * rate), np.float32), rate, marks)


def test_arrange_places_sound_and_phonemes():
    both = arrange([(0.5, spoken(1.0)), (2.0, spoken(0.5, "c"))], 3.0)
    assert both.duration == 3.0
    assert both.samples.sum() == 150
    assert both.samples[50:150].all()
    assert both.samples[200:250].all()
    assert [p.symbol for p in both.phonemes] == ["", "a", "b", "", "c", ""]
    assert both.phonemes[2] == Phoneme("b", 1.0, 1.5)
    ends = [p.end for p in both.phonemes]
    assert [p.start for p in both.phonemes] == [0.0, *ends[:-1]]


@pytest.mark.parametrize(("start", "duration"), [(0.2, 3.0), (2.8, 3.0)])
def test_arrange_refuses_overlaps(start, duration):
    with pytest.raises(ValueError, match="overlaps"):
        arrange([(0.0, spoken(1.0)), (start, spoken(0.5))], duration)


def test_without_the_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    speech._library.cache_clear()
    with pytest.raises(BeaverError, match=r"beavervision\[synthetic\]"):
        speak("Hello")
    speech._library.cache_clear()


def test_espeak_speaks_in_phonemes():
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    said = speak("My baby bought a map.")
    assert said.rate == 22_050
    assert 0.8 < said.duration < 3
    assert np.abs(said.samples).max() <= speech.PEAK
    assert "".join(p.symbol for p in said.phonemes).count("b") == 3
    assert all(p.end > p.start for p in said.phonemes)
    assert said.phonemes[-1].end == pytest.approx(said.duration)
    # a vowel is louder than the silence after the last word
    vowel = next(p for p in said.phonemes if "ɔ" in p.symbol or "ɑ" in p.symbol)
    loud = said.samples[round(vowel.start * said.rate) : round(vowel.end * said.rate)]
    assert np.abs(loud).mean() > 10 * np.abs(said.samples[-200:]).mean()


def test_an_unknown_voice_is_refused():
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    with pytest.raises(BeaverError, match="no-such-voice"):
        speak("Hello", voice="no-such-voice")


def test_after_a_new_beginning_the_same_words_sound_the_same():
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    speech.begin_anew()
    first = speak("The captain sings.")
    speak("And so on.", voice="de+klatt")
    speech.begin_anew()
    again = speak("The captain sings.")
    np.testing.assert_array_equal(again.samples, first.samples)
    assert again.phonemes == first.phonemes
