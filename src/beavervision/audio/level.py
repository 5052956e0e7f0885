"""How loud a speech is, and the same speech as loud as another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB

WINDOW = round(0.03 * SAMPLE_RATE)
"""30 ms: a few periods of any voice."""
LEVEL_PERCENTILE = 90
"""Vowels set the level; pauses, however many, do not."""
MAX_GAIN_DB = 20.0
"""More would only raise the noise of a recording that is no speech."""


def speech_level_db(samples: Float[np.ndarray, "N"]) -> float:
    """Level of a speech in dB of full scale: 90th percentile of the RMS over 30 ms; -inf for digital silence."""
    padded = np.pad(samples, (0, -len(samples) % WINDOW))
    power = np.square(padded.reshape(-1, WINDOW), dtype=np.float64).mean(axis=1)
    level = np.percentile(power, LEVEL_PERCENTILE) if len(power) else 0.0
    return float(10 * np.log10(level)) if level > 0 else -np.inf


def at_level(samples: Float[np.ndarray, "N"], level_db: float) -> Float[np.ndarray, "N"]:
    """The speech at another level, changed by MAX_GAIN_DB at the most; silence stays as it is.

    Args:
        samples: mono sound at 16 kHz.
        level_db: wanted `speech_level_db`.
    """
    own = speech_level_db(samples)
    if own < SILENCE_DB or not np.isfinite(level_db):
        return samples
    gain = np.clip(level_db - own, -MAX_GAIN_DB, MAX_GAIN_DB)
    return (samples * 10 ** (gain / 20)).astype(np.float32)
