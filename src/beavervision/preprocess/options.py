"""What the user may choose about the preparation of a clip."""

from __future__ import annotations

from dataclasses import dataclass

from beavervision.errors import BeaverError

SUBJECTS = ("largest",)
"""Ways to choose a face."""


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

    def __post_init__(self) -> None:
        """Refuse settings that cannot be.

        Raises:
            BeaverError: naming the key that is wrong.
        """
        if self.fps <= 0:
            raise BeaverError(f"data.fps={self.fps} is no frame rate; write data.fps=25.")
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise BeaverError(f"data.start={self.start} and data.end={self.end} hold nothing; choose end > start >= 0.")
        if self.focal is not None and self.focal <= 0:
            raise BeaverError(f"data.focal={self.focal} is no focal length; give pixels, or null to estimate it.")
        if self.subject not in SUBJECTS:
            raise BeaverError(f"data.subject={self.subject} is not known; choose one of {', '.join(SUBJECTS)}.")
