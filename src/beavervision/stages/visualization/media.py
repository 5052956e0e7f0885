"""Media that a stage offers for logging: images, videos with sound, curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

SOUND_RATE = 16_000
"""Samples per second of the sound of every video."""
PREVIEW = "preview"
"""Name of the preview video, which is also stored in the bundle."""


@dataclass(frozen=True)
class Picture:
    """An image, such as a strip of truth, render and error."""

    name: str
    rgb: UInt8[np.ndarray, "H W 3"]
    caption: str = ""


@dataclass(frozen=True)
class Film:
    """A video with its sound."""

    name: str
    frames: Iterable[UInt8[np.ndarray, "H W 3"]]
    """Frames; the iterable is consumed once, frame by frame."""
    fps: float
    sound: Float[np.ndarray, "N"] | None = None
    """Mono sound in [-1, 1] at SOUND_RATE, starting at the first frame."""
    caption: str = ""


@dataclass(frozen=True)
class Curves:
    """Lines over a common axis, such as the mouth opening over time; NaN interrupts a line."""

    name: str
    x: Float[np.ndarray, "N"]
    lines: Mapping[str, Float[np.ndarray, "N"]]
    """Name in the legend -> values."""
    x_label: str = ""
    y_label: str = ""
    caption: str = ""
    sound: Float[np.ndarray, "N"] | None = None
    """Sound from the first to the last x; its envelope is drawn behind the lines."""


Media = Picture | Film | Curves
