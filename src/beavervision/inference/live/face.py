"""What a live session asks of a face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.inference.driver import MotionControls
from beavervision.inference.live.speech_motion import LiveMotion

Image = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Mouth:
    """What the face does in one frame."""

    conditions: Float[np.ndarray, "W 68 3"]
    """Landmark conditions of the speech, 1/10 cm: this frame's is the last one, before it those of earlier frames."""
    weight: float
    """Share of the speech's mouth, 0 to 1; the rest is the idle one."""
    closure: float = 0.0
    """How far the lids are shut, 0 to 1, for faces whose blinks are generated."""


class LiveFace(Protocol):
    """A person who is drawn frame by frame. Several sessions may use one at the same time, from any thread."""

    fps: float
    size: tuple[int, int]
    """Width and height of the frames, px."""
    window: int
    """Number W of conditions that a frame depends on."""

    def motion_maker(self, controls: MotionControls) -> Callable[[], LiveMotion]:
        """Function that begins the motion of a new speech of one session."""
        ...

    def draw(self, tick: int, mouth: Mouth | None) -> Image:
        """The frame at a tick.

        Args:
            tick: number of the frame in the session; the head's own motion is a function of it.
            mouth: None for an idle person.
        """
        ...
