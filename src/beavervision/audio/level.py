"""Loudness level of speech, and normalisation to a level."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import HOP, n_rows
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB

WINDOW = round(0.03 * SAMPLE_RATE)
"""30 ms: a few periods of any voice."""
LEVEL_PERCENTILE = 90
"""Percentile of the RMS that is the level: vowels set it, and pauses do not change it."""
MAX_GAIN_DB = 20.0
"""Largest gain, dB: more would only amplify the noise of a recording without speech."""
LEAST_MODULATION_DB = 3.0
"""Smallest difference in level between the loudest and the quietest tenth of speech, dB. 30 ms of steady noise vary by
0.8 dB (10th to 90th percentile, 480 samples), hums by 1-2; a voice as loud as its background noise varies by 3."""
QUIETEST_DB = -100.0
"""Level assigned to digital silence, dB: below the resolution of 16 bits, but finite."""


def speech_level_db(samples: Float[np.ndarray, "N"]) -> float:
    """Level of a speech in dB of full scale: 90th percentile of the RMS over 30 ms; -inf for digital silence."""
    return level_of(window_powers(samples))


def window_powers(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "W"]:
    """Mean square of each 30 ms window; the last window may be padded."""
    padded = np.pad(samples, (0, -len(samples) % WINDOW))
    return np.square(padded.reshape(-1, WINDOW), dtype=np.float64).mean(axis=1)


def level_of(powers: Float[np.ndarray, "W"]) -> float:
    """Level, as `speech_level_db`, computed from `window_powers`."""
    level = np.percentile(powers, LEVEL_PERCENTILE) if len(powers) else 0.0
    return float(10 * np.log10(level)) if level > 0 else -np.inf


def spoken_level_of(powers: Float[np.ndarray, "W"]) -> float:
    """Level as `level_of`; -inf for a sound of constant loudness, which is no speech."""
    low = np.percentile(powers, 100 - LEVEL_PERCENTILE) if len(powers) else 0.0
    level = level_of(powers)
    return level if is_speech(10 * np.log10(low) if low > 0 else -np.inf, level) else -np.inf


def is_speech(low_db: float, high_db: float) -> bool:
    """Whether the levels of the quietest and loudest tenth differ as in speech; steady noise is not normalised.

    Otherwise the noise of a silent room, amplified to the level of speech, would be mistaken for speech.
    """
    return high_db > -np.inf and high_db - low_db > LEAST_MODULATION_DB


def at_level(samples: Float[np.ndarray, "N"], level_db: float, own_db: float | None = None) -> Float[np.ndarray, "N"]:
    """Change the speech to another level, by at most MAX_GAIN_DB; silence and steady noise stay unchanged.

    Args:
        samples: mono sound at 16 kHz.
        level_db: target `speech_level_db`.
        own_db: `spoken_level_of` the speech that contains the samples; by default that of the samples.
    """
    own = spoken_level_of(window_powers(samples)) if own_db is None else own_db
    if own < SILENCE_DB or not np.isfinite(level_db):
        return samples
    gain = np.clip(level_db - own, -MAX_GAIN_DB, MAX_GAIN_DB)
    return (samples * 10 ** (gain / 20)).astype(np.float32)


def rows_db(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R"]:
    """Level over time in dB of full scale: RMS over 30 ms, at least QUIETEST_DB.

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
