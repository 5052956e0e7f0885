"""Whether somebody speaks, frame by frame, while the sound arrives."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import log10

import numpy as np
from jaxtyping import Float

from beavervision.audio.vad import ABOVE_FLOOR_DB, FLOOR_PERCENTILE
from beavervision.audio.waveform import SILENCE_DB

FLOOR_S = 8.0
"""Seconds over which the noise floor is estimated, as `audio.vad` does."""
UNKNOWN_S = 1.0
"""Seconds of sound before which the noise floor is not known: all but silence counts as speech then."""
HANGOVER_S = 0.4
"""Seconds after the last loud frame that still count as speech: stops and soft endings."""


class StreamingActivity:
    """Speech is louder than an adaptive noise floor; constant memory.

    Args:
        fps: frames per second.
    """

    def __init__(self, fps: float) -> None:
        self._levels: deque[float] = deque()
        self._ordered: list[float] = []  # the same levels, the quietest first
        self._most = round(FLOOR_S * fps)
        self._unknown, self._hangover = round(UNKNOWN_S * fps), round(HANGOVER_S * fps)
        self._quiet = self._hangover

    def __call__(self, samples: Float[np.ndarray, "n"]) -> bool:
        """Whether the next frame, with these samples, belongs to speech."""
        power = float(np.square(samples, dtype=np.float64).mean()) if len(samples) else 0.0
        level = 10 * log10(max(power, 1e-10))
        self._levels.append(level)
        insort(self._ordered, level)
        if len(self._levels) > self._most:
            self._ordered.pop(bisect_left(self._ordered, self._levels.popleft()))
        known = len(self._levels) > self._unknown
        floor = self._ordered[len(self._ordered) * FLOOR_PERCENTILE // 100] if known else -np.inf
        loud = level > max(SILENCE_DB, floor + ABOVE_FLOOR_DB)
        self._quiet = 0 if loud else self._quiet + 1
        return self._quiet < self._hangover
