"""Level normalisation of streamed speech."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.level import LEVEL_PERCENTILE, MAX_GAIN_DB, QUIETEST_DB, WINDOW, at_level, is_speech
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB

BIN_DB = 0.5
"""Width of the bins in which levels are counted, dB."""
PRIOR_S = 2.0
"""Seconds of assumed speech at the target level before the first word, so that breath is not amplified."""


class StreamingLevel:
    """Normalises a speech to a level, from the sound received so far.

    Args:
        level_db: target `level.speech_level_db`.
        own_db: the level of the whole speech if known; the result is then equal to that of `level.at_level`.
    """

    def __init__(self, level_db: float, own_db: float | None = None) -> None:
        self._level, self._own = level_db, own_db
        self._levels = np.arange(QUIETEST_DB, BIN_DB, BIN_DB)
        self._counts = np.zeros(len(self._levels))
        self._rest = np.zeros(0, np.float32)
        self._gain = 0.0

    def __call__(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
        """Normalise the next samples; the gain changes gradually from its last value to the new one."""
        if self._own is not None:
            return at_level(samples, self._level, self._own)
        self._count(samples)
        before, self._gain = self._gain, self._wanted()
        gain = np.linspace(before, self._gain, len(samples) + 1)[1:]
        return (samples * 10 ** (gain / 20)).astype(np.float32)

    def _count(self, samples: Float[np.ndarray, "N"]) -> None:
        self._rest = np.concatenate([self._rest, samples])
        whole = len(self._rest) // WINDOW
        blocks = self._rest[: whole * WINDOW].reshape(whole, WINDOW)
        self._rest = self._rest[whole * WINDOW :]
        power = np.square(blocks, dtype=np.float64).mean(axis=1)
        found = 10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10)))
        bins = np.rint((np.minimum(found, 0.0) - QUIETEST_DB) / BIN_DB).astype(np.int64)
        np.add.at(self._counts, bins, 1)

    def _wanted(self) -> float:
        """Gain in dB for the sound received so far."""
        low, high = (self._percentile(self._counts, share) for share in (100 - LEVEL_PERCENTILE, LEVEL_PERCENTILE))
        if not np.isfinite(self._level) or high < SILENCE_DB or not is_speech(low, high):
            return self._gain
        counts = self._counts.copy()
        at = int(np.clip(np.rint((self._level - QUIETEST_DB) / BIN_DB), 0, len(counts) - 1))
        counts[at] += PRIOR_S * SAMPLE_RATE / WINDOW
        return float(np.clip(self._level - self._percentile(counts, LEVEL_PERCENTILE), -MAX_GAIN_DB, MAX_GAIN_DB))

    def _percentile(self, counts: Float[np.ndarray, "L"], share: float) -> float:
        total = np.cumsum(counts)
        if total[-1] == 0:
            return -np.inf
        return float(self._levels[int(np.searchsorted(total, share / 100 * total[-1]))])
