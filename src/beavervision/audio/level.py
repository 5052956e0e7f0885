"""How loud a speech is, and the same speech as loud as another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import HOP, n_rows
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB

WINDOW = round(0.03 * SAMPLE_RATE)
"""30 ms: a few periods of any voice."""
LEVEL_PERCENTILE = 90
"""Vowels set the level; pauses, however many, do not."""
MAX_GAIN_DB = 20.0
"""More would only raise the noise of a recording that is no speech."""
LEAST_MODULATION_DB = 3.0
"""Speech rises above its own quietest tenth by more: 30 ms of steady noise differ by 0.8 dB (10th to 90th percentile,
480 samples), hums by 1-2; a voice as loud as the noise it stands in by 3."""
QUIETEST_DB = -100.0
"""Stands for digital silence: below what 16 bits can hold, and a number all the same."""


def speech_level_db(samples: Float[np.ndarray, "N"]) -> float:
    """Level of a speech in dB of full scale: 90th percentile of the RMS over 30 ms; -inf for digital silence."""
    return level_of(window_powers(samples))


def window_powers(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "W"]:
    """Mean square of every 30 ms; the last ones may be padded."""
    padded = np.pad(samples, (0, -len(samples) % WINDOW))
    return np.square(padded.reshape(-1, WINDOW), dtype=np.float64).mean(axis=1)


def level_of(powers: Float[np.ndarray, "W"]) -> float:
    """Level, as `speech_level_db`, of a speech whose `window_powers` are known."""
    level = np.percentile(powers, LEVEL_PERCENTILE) if len(powers) else 0.0
    return float(10 * np.log10(level)) if level > 0 else -np.inf


def spoken_level_of(powers: Float[np.ndarray, "W"]) -> float:
    """Level as `level_of`; -inf of a sound that is as loud all the time, which is no speech."""
    low = np.percentile(powers, 100 - LEVEL_PERCENTILE) if len(powers) else 0.0
    level = level_of(powers)
    return level if is_speech(10 * np.log10(low) if low > 0 else -np.inf, level) else -np.inf


def is_speech(low_db: float, high_db: float) -> bool:
    """Whether levels from the quietest to the loudest tenth vary as speech's do: steady noise has no level to reach.

    Amplified to a speech's level, a room's noise would be taken for speech.
    """
    return high_db > -np.inf and high_db - low_db > LEAST_MODULATION_DB


def at_level(samples: Float[np.ndarray, "N"], level_db: float, own_db: float | None = None) -> Float[np.ndarray, "N"]:
    """The speech at another level, changed by MAX_GAIN_DB at the most; silence and steady noise stay as they are.

    Args:
        samples: mono sound at 16 kHz.
        level_db: wanted `speech_level_db`.
        own_db: `spoken_level_of` the speech that the samples are a part of; their own by default.
    """
    own = spoken_level_of(window_powers(samples)) if own_db is None else own_db
    if own < SILENCE_DB or not np.isfinite(level_db):
        return samples
    gain = np.clip(level_db - own, -MAX_GAIN_DB, MAX_GAIN_DB)
    return (samples * 10 ** (gain / 20)).astype(np.float32)


def rows_db(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R"]:
    """Level over time in dB of full scale: RMS over 30 ms, never below QUIETEST_DB.

    Args:
        samples: mono sound at 16 kHz.

    Returns:
        R = features.n_rows(N) rows at 50 Hz; row i is centred at sample 320 i.
    """
    rows, half = n_rows(len(samples)), WINDOW // 2
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    middle = HOP * np.arange(rows)
    first, stop = (np.clip(middle + side, 0, len(samples)) for side in (-half, half))
    mean = np.maximum(power[stop] - power[first], 0.0) / np.maximum(stop - first, 1)
    return 10 * np.log10(np.maximum(mean, 10 ** (QUIETEST_DB / 10)))
