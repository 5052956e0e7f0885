"""Corrections of footage whose file does not state, or misstates, how its frames are to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from beavervision.video.probe import VideoInfo

FieldOrder = Literal["off", "top", "bottom"]
"""Which field of an interlaced frame is earlier; off: the frames are progressive."""

TURNS = (0, 90, 180, 270)
"""Turns of footage, degrees clockwise."""


@dataclass(frozen=True)
class Correction:
    """How frames are changed on reading, in addition to what the file states (`probe.VideoInfo.rotation`).

    Example:
        >>> Correction(turn=90).is_none, Correction().is_none
        (False, True)
    """

    turn: int = 0
    """Degrees clockwise by which frames are turned after the file's own rotation: one of TURNS."""
    fields: FieldOrder = "off"
    """Field order of interlaced frames, which are deinterlaced."""

    @property
    def is_none(self) -> bool:
        """Whether frames are read as they are."""
        return self == Correction()

    def applied(self, info: VideoInfo) -> VideoInfo:
        """Return the facts of a video as they are after the correction."""
        width, height = (info.height, info.width) if self.turn % 180 else (info.width, info.height)
        return replace(info, width=width, height=height, rotation=(info.rotation - self.turn) % 360)


NONE = Correction()
