"""Curves over time: single events, smooth noise, blinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

BLINK = np.array([0.1, 0.5, 0.9, 1.0, 0.7, 0.4, 0.1])
"""A blink at 25 fps, 0 open .. 1 closed; the shape is GeneFace++'s seven-frame curve."""


@dataclass(frozen=True)
class Moment:
    """An event between two times in seconds."""

    start: float
    end: float

    def progress(self, time: Float[np.ndarray, "T"], ramp: float) -> Float[np.ndarray, "T"]:
        """0 before and after, 1 within, smooth over `ramp` seconds at both ends (inside the event)."""
        up = np.clip((time - self.start) / ramp, 0, 1)
        down = np.clip((self.end - time) / ramp, 0, 1)
        x = np.minimum(up, down)
        return x * x * (3 - 2 * x)

    def holds(self, time: Float[np.ndarray, "T"]) -> Bool[np.ndarray, "T"]:
        """Frames within the event."""
        return (time >= self.start) & (time <= self.end)


def smooth_noise(n: int, fps: float, period: float, rng: np.random.Generator) -> Float[np.ndarray, "n"]:
    """Noise of unit peak with a period of about `period` seconds."""
    pad = int(4 * period * fps)
    noise = gaussian_filter1d(rng.normal(size=n + 2 * pad), period * fps / 2.5)[pad : pad + n]
    return noise / np.abs(noise).max()


def blink_curve(n: int, fps: float, rng: np.random.Generator, every: float = 3.2) -> Float[np.ndarray, "n"]:
    """Closure of the lids over time, 0 open .. 1 closed, with a blink about every `every` seconds."""
    curve = np.zeros(n)
    at = rng.uniform(0.5, 1.2) * every / 2
    while (first := round(at * fps)) + len(BLINK) < n:
        curve[first : first + len(BLINK)] = np.maximum(curve[first : first + len(BLINK)], BLINK)
        at += every * rng.uniform(0.55, 1.45)
    return curve


def smooth_curve(points: Float[np.ndarray, "N D"], count: int, *, closed: bool = False) -> np.ndarray:
    """Cubic spline through `points`, sampled `count` times."""
    if closed:
        points = np.concatenate([points, points[:1]])
    knots = np.arange(len(points))
    curve = make_interp_spline(knots, points, k=3, bc_type="periodic" if closed else "natural")
    return curve(np.linspace(0, len(points) - 1, count, endpoint=not closed))
