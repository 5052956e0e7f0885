"""Mel-frequency cepstral coefficients at 100 Hz, the input of the public SyncNet (Davis & Mermelstein, 1980)."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.fft import dct

from beavervision.audio.waveform import SAMPLE_RATE

# Values of python_speech_features 0.6, on which that network was trained (Chung & Zisserman, "Out of time", 2016).
WINDOW, HOP = 400, 160
"""Window and hop in samples: 25 and 10 ms, rectangular window."""
N_FFT = 512
N_MELS, N_COEFFICIENTS = 26, 13
PREEMPHASIS = 0.97
LIFTER = 22
INTEGER_SCALE = 32768.0
"""The network expects sound as 16-bit integers."""


def mfcc(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R 13"]:
    """Liftered cepstrum of the log-mel spectrum; the first coefficient is the logarithm of the energy.

    Args:
        samples: mono sound at 16 kHz, full scale [-1, 1].

    Returns:
        R = 1 + ceil((N - 400) / 160) rows, at least one; row i begins at sample 160 i.

    Example:
        >>> mfcc(np.ones(16000, np.float32)).shape
        (99, 13)
    """
    whole = INTEGER_SCALE * samples.astype(np.float64)
    emphasised = np.append(whole[:1], whole[1:] - PREEMPHASIS * whole[:-1])
    rows = 1 + max(0, -(-(len(samples) - WINDOW) // HOP))
    padded = np.pad(emphasised, (0, (rows - 1) * HOP + WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames, N_FFT)) ** 2 / N_FFT
    least = np.finfo(np.float64).eps
    mel = np.log(np.maximum(power @ _filters().T, least))
    cepstrum = np.asarray(dct(mel, type=2, axis=1, norm="ortho"))[:, :N_COEFFICIENTS] * _lifter()
    cepstrum[:, 0] = np.log(np.maximum(power.sum(1), least))
    return cepstrum.astype(np.float32)


@cache
def _lifter() -> Float[np.ndarray, "13"]:
    """Weights that scale the higher coefficients to the size of the lower ones (Juang et al., 1987)."""
    return 1 + LIFTER / 2 * np.sin(np.pi * np.arange(N_COEFFICIENTS) / LIFTER)


@cache
def _filters() -> Float[np.ndarray, "26 257"]:
    """Triangular filters of height one over the spectrum's bins, equally spaced in mel (O'Shaughnessy) up to 8 kHz."""
    edges_mel = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700), N_MELS + 2)
    edges = np.floor((N_FFT + 1) * 700 * (10 ** (edges_mel / 2595) - 1) / SAMPLE_RATE)
    bins = np.arange(N_FFT // 2 + 1)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (peak - low), (high - bins) / (high - peak)
    return np.where(bins < peak, np.clip(rising, 0, None), np.clip(falling, 0, None))
