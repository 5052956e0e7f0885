"""Media that a stage offers for logging: pictures, videos with sound, curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

SOUND_RATE = 16_000
"""Samples a second of every film's sound."""
PREVIEW = "preview"
"""Name of the film that shows what a trained stage does; the bundle takes it along."""


@dataclass(frozen=True)
class Picture:
    """A still, such as a strip of truth, render and error."""

    name: str
    rgb: UInt8[np.ndarray, "H W 3"]
    caption: str = ""


@dataclass(frozen=True)
class Film:
    """Moving pictures with the sound that belongs to them."""

    name: str
    frames: Iterable[UInt8[np.ndarray, "H W 3"]]
    """Taken once, one at a time."""
    fps: float
    sound: Float[np.ndarray, "N"] | None = None
    """Mono in [-1, 1] at SOUND_RATE, from the first frame on."""
    caption: str = ""


@dataclass(frozen=True)
class Curves:
    """Lines over a common axis, such as a mouth's opening over time; NaN interrupts a line."""

    name: str
    x: Float[np.ndarray, "N"]
    lines: Mapping[str, Float[np.ndarray, "N"]]
    """Name in the legend -> values."""
    x_label: str = ""
    y_label: str = ""
    caption: str = ""
    sound: Float[np.ndarray, "N"] | None = None
    """From the first x to the last one; its envelope stands behind the lines."""


Media = Picture | Film | Curves
