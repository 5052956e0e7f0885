"""Log-mel spectrogram at 50 Hz: two rows per video frame at 25 fps; needs no pretrained weights."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.audio.windows import periodic_hann

# GeneFace++'s values (STAGES.md section 0).
N_FFT = 512
HOP = 320
N_MELS = 80
LOW_HZ, HIGH_HZ = 80.0, 7600.0
FLOOR = 1.0e-6

FEATURE_RATE = SAMPLE_RATE / HOP
"""Rows per second of every audio feature."""

_BLOCK_ROWS = 4096  # 82 s of sound per chunk: bounds the memory of the spectra


def n_rows(n_samples: int) -> int:
    """Number of feature rows of `n_samples` at 16 kHz: 2T, where T frames of 640 samples cover the sound."""
    return 2 * -(-n_samples // (2 * HOP))


def log_mel(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R 80"]:
    """Log-mel spectrogram: log10 of the Hann-windowed magnitude spectrum in 80 Slaney mel bands.

    Args:
        samples: mono sound at 16 kHz, full scale [-1, 1].

    Returns:
        R = n_rows(N) rows; row i is centred at sample 320 i, so row 2t is at the time of frame t (25 fps).
        Values lie in [-6, about 1].

    Example:
        >>> log_mel(np.zeros(16000, np.float32)).shape
        (50, 80)
    """
    rows, half = n_rows(len(samples)), N_FFT // 2
    padded = np.pad(samples.astype(np.float32), (half, rows * HOP - len(samples) + half))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:rows]
    mel = np.empty((rows, N_MELS), np.float32)
    for start in range(0, rows, _BLOCK_ROWS):
        mel[start : start + _BLOCK_ROWS] = log_mel_of(frames[start : start + _BLOCK_ROWS])
    return mel


def log_mel_of(frames: Float[np.ndarray, "R 512"]) -> Float[np.ndarray, "R 80"]:
    """Rows of `log_mel` from the N_FFT samples around each row's centre."""
    spectrum = np.abs(np.fft.rfft(frames * periodic_hann(N_FFT).astype(np.float32), axis=1))
    return np.log10(np.maximum(spectrum @ mel_filters().T, FLOOR)).astype(np.float32)


@cache
def mel_filters() -> Float[np.ndarray, "80 257"]:
    """Triangular filters of unit area, equally spaced on Slaney's mel scale (Auditory Toolbox, 1998)."""
    low, high = _hz_to_mel(np.array([LOW_HZ, HIGH_HZ]))
    edges = _mel_to_hz(np.linspace(low, high, N_MELS + 2))
    bins = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)
    below, centre, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - below) / (centre - below), (above - bins) / (above - centre)
    triangles = np.clip(np.minimum(rising, falling), 0.0, None)
    return (triangles * 2 / (above - below)).astype(np.float32)


# Slaney's scale: linear up to 1 kHz (15 mel), then 27 mel for every factor of 6.4.
_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27


def _hz_to_mel(hz: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    log_part = _KNEE_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz < _KNEE_HZ, hz * _KNEE_MEL / _KNEE_HZ, log_part)


def _mel_to_hz(mel: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    log_part = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _KNEE_HZ / _KNEE_MEL, log_part)
