import numpy as np
import pytest

from beavervision.audio.level import QUIETEST_DB, at_level, rows_db, speech_level_db, spoken_level_of, window_powers


def tone(amplitude, seconds=1.0):
    return (amplitude * np.sin(2 * np.pi * 400 * np.arange(int(16000 * seconds)) / 16000)).astype(np.float32)


def test_level_of_a_sine_is_its_rms():
    # RMS 0.5 / sqrt 2 = 0.3536: -9.03 dB; 30 ms hold 12 whole periods
    assert speech_level_db(tone(0.5)) == pytest.approx(-9.03, abs=0.01)


def test_pauses_do_not_count():
    speech = np.concatenate([tone(0.5, 0.3), np.zeros(8000, np.float32)])  # 3/8 sound
    assert speech_level_db(speech) == pytest.approx(-9.03, abs=0.1)


def test_silence_has_no_level_and_stays_silence():
    assert speech_level_db(np.zeros(1000, np.float32)) == -np.inf
    assert not at_level(np.zeros(1000, np.float32), -20.0).any()
    hiss = tone(1e-4)
    np.testing.assert_array_equal(at_level(hiss, -20.0), hiss)


def test_the_level_is_reached_within_bounds():
    pause = np.zeros(4800, np.float32)
    quiet, loud = (np.concatenate([tone(amplitude), pause]) for amplitude in (0.05, 0.5))
    np.testing.assert_allclose(at_level(quiet, -9.03), loud, atol=1e-3)
    # 40 dB are wanted, 20 are given
    np.testing.assert_allclose(at_level(0.1 * quiet, -9.03), quiet, atol=1e-4)


def test_what_is_as_loud_all_the_time_is_no_speech(rng):
    noise = (0.01 * rng.standard_normal(32000)).astype(np.float32)
    assert speech_level_db(noise) == pytest.approx(-40, abs=1)
    assert spoken_level_of(window_powers(noise)) == -np.inf
    np.testing.assert_array_equal(at_level(noise, -20.0), noise)
    # A voice as loud as the noise it stands in: power 1 in half of the time, 2 in the other: 3.01 dB.
    half = np.r_[np.ones(50), np.full(50, 2.0)]
    assert spoken_level_of(half) == pytest.approx(3.01, abs=0.01)


def test_level_over_time_follows_the_sound():
    levels = rows_db(np.concatenate([np.zeros(8000, np.float32), tone(0.5, 0.5)]))
    assert len(levels) == 50
    assert (levels[:24] == QUIETEST_DB).all()
    # half of the 30 ms round the onset sound: 3 dB less than -9.03
    assert levels[25] == pytest.approx(-12.04, abs=0.01)
    np.testing.assert_allclose(levels[26:], -9.03, atol=0.01)
