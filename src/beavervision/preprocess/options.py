"""Options of the preparation of a clip."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from beavervision.artifacts.names import check_name
from beavervision.errors import ConfigError
from beavervision.video.correction import TURNS

SUBJECTS = ("largest", "most_visible", "leftmost", "all")
"""Ways to select the subject, in addition to a person's number."""

AUTO = "auto"
"""Value of `rotate`, `deinterlace` and `audio_track` with which the footage is examined."""
ROTATIONS = (AUTO, *map(str, TURNS))
MOST_FPS = 1000
FIELD_ORDERS = (AUTO, "off", "top", "bottom")


@dataclass(frozen=True)
class PrepareOptions:
    """Settings of `prepare`; the same names as in conf/data."""

    name: str
    """The clip's name (`data.name`)."""
    fps: float = 25.0
    """Frames per second of the clip's frame index; the footage is resampled to it by time."""
    start: float = 0.0
    """Seconds from the footage's time zero (video.probe.VideoInfo) to the clip's first frame."""
    end: float | None = None
    """Seconds from time zero to the clip's end; the footage's end when None."""
    focal: float | None = None
    """Focal length in pixels of the full frame; estimated from the face when None."""
    basis: str = "gpmm"
    """Name of the face model to fit."""
    subject: str = "largest"
    """The subject: one of SUBJECTS, or a person's number, counted from 0 from left to right."""
    speaker: str | None = None
    """Name of the person, common to all clips of the person in a corpus; None: the clip's name."""
    gap: float = 0.24
    """Longest gap without a face over which the pose is interpolated, seconds."""
    rotate: str = AUTO
    """Turn of the footage in addition to its rotation tag, degrees clockwise: one of ROTATIONS."""
    deinterlace: str = AUTO
    """Field order of interlaced footage: one of FIELD_ORDERS; off leaves the frames as they are."""
    audio_track: str = AUTO
    """Number of the sound track, counted from 0."""
    segmenter: str | None = None
    """File of the six-class selfie model; MediaPipe's person mask when None."""
    workers: int | None = None
    """Number of worker processes; it does not change the result. None: half of the cores, at most 4."""

    @property
    def processes(self) -> int:
        """Number of worker processes."""
        return min(4, (os.cpu_count() or 1) // 2) if self.workers is None else self.workers

    def __post_init__(self) -> None:
        """Validate the settings.

        Raises:
            ConfigError: names the invalid key.
        """
        # Written such that "not a number" is refused, too.
        if not 0 < self.fps <= MOST_FPS:
            raise ConfigError(f"data.fps={self.fps} is no frame rate up to {MOST_FPS}; write data.fps=25.")
        if not 0 <= self.start < math.inf or (self.end is not None and not self.start < self.end < math.inf):
            raise ConfigError(f"data.start={self.start} and data.end={self.end} hold nothing; choose end > start >= 0.")
        if self.focal is not None and not 0 < self.focal < math.inf:
            raise ConfigError(f"data.focal={self.focal} is no focal length; give pixels, or null to estimate it.")
        if self.speaker is not None:
            check_name(self.speaker, "data.speaker")
            if self.subject == "all":
                raise ConfigError(f"data.speaker={self.speaker} names one person, data.subject=all several; leave one.")
        if not 0 <= self.gap < math.inf:
            raise ConfigError(f"data.gap={self.gap} is no length of time; give seconds, or 0 to interpolate nothing.")
        if self.rotate not in ROTATIONS:
            raise ConfigError(f"data.rotate={self.rotate} is no turn; choose {', '.join(ROTATIONS)} (clockwise).")
        if self.deinterlace not in FIELD_ORDERS:
            raise ConfigError(f"data.deinterlace={self.deinterlace} is not known; choose {', '.join(FIELD_ORDERS)}.")
        if self.audio_track != AUTO and not self.audio_track.isdecimal():
            raise ConfigError(
                f"data.audio_track={self.audio_track} is no track; give its number, counted from 0, or {AUTO}."
            )
        if self.segmenter is not None and not Path(self.segmenter).expanduser().is_file():
            raise ConfigError(
                f"data.segmenter={self.segmenter} is not there; give the path of a .tflite file, or null."
            )
        if self.subject not in SUBJECTS and not self.subject.isdecimal():
            raise ConfigError(
                f"data.subject={self.subject} is not known; choose {', '.join(SUBJECTS)} or a person's number."
            )
