"""Soft edges where sound is cut or goes on after a gap, so that it does not click."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

FADE_S = 0.005
"""Seconds of fading."""


def silence_after(level: float, count: int, rate: int) -> Float[np.ndarray, "n"]:
    """Silence that begins at the level of the sample before it.

    Args:
        level: of that sample.
        count: samples.
        rate: samples per second.
    """
    silence, ramp = np.zeros(count, np.float32), _ramp(rate)[:count]
    silence[: len(ramp)] = level * ramp[::-1]
    return silence


def faded_in(sound: Float[np.ndarray, "n"], rate: int) -> Float[np.ndarray, "n"]:
    """The sound with a soft begin."""
    sound, ramp = sound.copy(), _ramp(rate)[: len(sound)]
    sound[: len(ramp)] *= ramp
    return sound


def _ramp(rate: int) -> Float[np.ndarray, "f"]:
    return np.linspace(0, 1, round(FADE_S * rate) + 2, dtype=np.float32)[1:-1]
