import numpy as np
import pytest

from beavervision.audio.pitch import coarse_pitch, estimate_f0


def voice(hertz, seconds=0.6, harmonics=range(1, 11)):
    """Harmonics that fall off as 1/k, as a glottal pulse train's roughly do; hertz may be a contour."""
    count = int(16000 * seconds)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, count)) / 16000
    return (0.1 * sum(np.sin(k * phase) / k for k in harmonics)).astype(np.float32)


@pytest.mark.parametrize("hertz", [85, 120, 220, 333, 600, 740])
def test_a_steady_voice_to_one_percent(hertz):
    found = estimate_f0(voice(hertz))[3:-3]
    np.testing.assert_allclose(found, hertz, rtol=0.01)


def test_a_missing_fundamental_is_heard():
    found = estimate_f0(voice(150, harmonics=range(2, 12)))[3:-3]
    np.testing.assert_allclose(found, 150, rtol=0.01)


def test_a_glide_is_followed_row_by_row():
    contour = np.linspace(120, 240, 16000)
    found = estimate_f0(voice(contour, seconds=1.0))
    np.testing.assert_allclose(found[3:-3], contour[::320][3:-3], rtol=0.02)


def test_voice_between_silences_is_voiced_there_and_only_there():
    gap = np.zeros(8000, np.float32)  # 25 rows
    found = estimate_f0(np.concatenate([gap, voice(200, seconds=0.5), gap])) > 0
    assert found[27:48].all()
    assert not found[:23].any()
    assert not found[52:].any()


def test_noise_is_mostly_unvoiced(rng):
    assert (estimate_f0(rng.standard_normal(32000).astype(np.float32)) > 0).mean() < 0.1


def test_silence_and_a_constant_are_unvoiced():
    assert not estimate_f0(np.zeros(1600, np.float32)).any()
    assert not estimate_f0(np.full(1600, 0.3, np.float32)).any()


def test_rows_are_those_of_the_features():
    assert estimate_f0(voice(200)[:641]).shape == (4,)


def test_blocks_leave_no_seams(monkeypatch):
    sound = voice(np.linspace(120, 240, 9600))
    whole = estimate_f0(sound)
    monkeypatch.setattr("beavervision.audio.pitch._BLOCK_ROWS", 7)
    np.testing.assert_allclose(estimate_f0(sound), whole, rtol=1e-5)


def test_coarse_pitch_by_hand():
    # mel(f) = 1127 ln(1 + f / 700); mel(50) = 77.75, mel(1100) = 1063.98; mel(200) = 283.23
    # bin(200) = round(1 + (283.23 - 77.75) x 254 / 986.23) = round(53.92) = 54
    assert coarse_pitch(np.array([0.0, 10.0, 50.0, 200.0, 1100.0, 5000.0])).tolist() == [1, 1, 1, 54, 255, 255]
