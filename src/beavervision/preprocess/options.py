"""What the user may choose about the preparation of a clip."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PrepareOptions:
    """Settings of `prepare`; the same names as in conf/data."""

    name: str
    """The clip's name (`data.name`)."""
    fps: float = 25.0
    """Ticks per second of the clip's frame index; the footage is resampled to it by time."""
    start: float = 0.0
    """Seconds from the footage's time zero (video.probe.VideoInfo) to the clip's first frame."""
    end: float | None = None
    """Seconds from time zero to the clip's end; the footage's end when None."""
    focal: float | None = None
    """Focal length in pixels of the full frame; estimated from the face when None."""
    basis: str = "gpmm"
    """Name of the face model that is fitted."""
    subject: str = "largest"
    """Whose avatar it will be: the face that is largest, summed over the frames that show it."""
