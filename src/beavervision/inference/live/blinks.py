"""Blinks of a person who is shown without end."""

from __future__ import annotations

import numpy as np

from beavervision.face.blink import (
    BLINKS_PER_MINUTE,
    CLOSING_S,
    INTERVAL_SPREAD,
    LEAST_PAUSE_S,
    OPENING_S,
    SHUT_S,
    blink_closure,
)
from beavervision.inference.driver import MotionControls

DURATION_S = CLOSING_S + SHUT_S + OPENING_S
"""Of a blink."""


class BlinkStream:
    """Closure of the lids over time with natural pauses (`face.blink.natural_blinks`); constant memory.

    Args:
        per_minute: mean rate; 0 for none.
        seed: of the pauses.
    """

    def __init__(self, per_minute: float = BLINKS_PER_MINUTE, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._pause = max(60.0 / per_minute, 1.5 * LEAST_PAUSE_S) if per_minute > 0 else np.inf
        self._next = self._rng.uniform(0.3, 1.0) * self._pause
        self._last = -np.inf

    @classmethod
    def of(cls, controls: MotionControls) -> BlinkStream:
        """Blinks at the rate of the controls; curves and the footage's own rhythm are for films."""
        rate = controls.blink if isinstance(controls.blink, float | int) else BLINKS_PER_MINUTE
        return cls(rate, controls.seed)

    def closure(self, seconds: float) -> float:
        """How far the lids are shut, 0 to 1; `seconds` rise from call to call."""
        while seconds >= self._next:
            scale = np.log(self._pause - LEAST_PAUSE_S) - INTERVAL_SPREAD**2 / 2
            self._last = self._next
            self._next += LEAST_PAUSE_S + self._rng.lognormal(scale, INTERVAL_SPREAD)
        since = seconds - self._last
        return float(blink_closure(np.array(since))) if since < DURATION_S else 0.0
