import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from beavervision.audio.mel import log_mel, mel_filters, n_rows


@pytest.mark.parametrize(("samples", "rows"), [(1, 2), (640, 2), (641, 4), (16000, 50), (16001, 52)])
def test_two_rows_for_every_frame_begun(samples, rows):
    assert n_rows(samples) == rows
    assert log_mel(np.zeros(samples, np.float32)).shape == (rows, 80)


def test_filters_equal_an_independent_library():
    theirs = mel_filter_bank(257, 80, 80.0, 7600.0, 16000, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_filters(), theirs.T, atol=1e-7)


def test_log_mel_equals_an_independent_library(rng):
    samples = (0.1 * rng.standard_normal(16000)).astype(np.float32)
    theirs = spectrogram(
        samples,
        window_function(512, "hann"),
        frame_length=512,
        hop_length=320,
        power=1.0,
        center=True,
        pad_mode="constant",
        mel_filters=mel_filters().T,
        mel_floor=1e-6,
        log_mel="log10",
    )
    np.testing.assert_allclose(log_mel(samples), theirs.T[:50], atol=1e-4)


def test_silence_is_the_floor():
    np.testing.assert_allclose(log_mel(np.zeros(640, np.float32)), -6, atol=1e-6)


def test_ten_times_louder_is_one_more(rng):
    samples = (0.05 * rng.standard_normal(3200)).astype(np.float32)
    np.testing.assert_allclose(log_mel(10 * samples), log_mel(samples) + 1, atol=1e-4)


def test_a_click_at_a_frame_s_time_peaks_in_that_frame_s_first_row():
    samples = np.zeros(16000, np.float32)
    samples[640 * 7] = 1.0
    assert log_mel(samples).sum(axis=1).argmax() == 2 * 7


def test_long_sound_is_cut_into_blocks_without_seams(rng, monkeypatch):
    samples = rng.standard_normal(20000).astype(np.float32)
    whole = log_mel(samples)
    monkeypatch.setattr("beavervision.audio.mel._BLOCK_ROWS", 7)
    np.testing.assert_allclose(log_mel(samples), whole, atol=1e-5)
