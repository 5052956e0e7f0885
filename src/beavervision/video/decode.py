"""Decodes footage to RGB frames at a constant frame rate, one frame in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import UInt8

from beavervision.errors import FootageError
from beavervision.video.colour import Developer
from beavervision.video.correction import NONE, Correction
from beavervision.video.deinterlace import REACH, deinterlaced
from beavervision.video.planar_picture import Picture, RgbPicture, stored_picture
from beavervision.video.probe import VideoInfo, probe
from beavervision.video.seek import frames_from

CLOCK_ERROR = 1e-3 + 1e-6
"""Rounding error of container times, seconds (1 ms in Matroska); without this tolerance frames would shift by one."""


@dataclass(frozen=True)
class Frame:
    """One frame of a video."""

    index: int
    """Frame number, counted from `start`."""
    time: float
    """Seconds of the frame from the video's time zero (probe.VideoInfo)."""
    picture: Picture
    """As it is stored in the file if that was asked for and a film can pass it on, else RGB."""

    @property
    def rgb(self) -> UInt8[np.ndarray, "H W 3"]:
        """The frame as RGB."""
        return self.picture.rgb


def count(info: VideoInfo, fps: float | None = None, start: float = 0.0, end: float | None = None) -> int:
    """Number of frames at `fps` in [start, end), as far as the video lasts."""
    stop = info.duration if end is None else min(end, info.duration)
    return max(0, math.ceil((stop - start) * (fps or info.fps) - 1e-3))


def read_frames(
    path: Path,
    fps: float | None = None,
    start: float = 0.0,
    end: float | None = None,
    correction: Correction = NONE,
    *,
    stored: bool = False,
) -> Iterator[Frame]:
    """Yield the video resampled by time: frame k shows the source frame at or before start + k / fps.

    Frames before the first source frame show the first. Rotation metadata is applied, pixels are made square, HDR is
    tone-mapped to SDR. A later start gives, bit for bit, the same frames as reading from the beginning.

    Args:
        path: file in any container and codec that FFmpeg reads.
        fps: frames per second; the footage's average rate when None.
        start: seconds from time zero (the earlier of the first frame and the first sound).
        end: seconds from time zero; the end of the video when None.
        correction: turn and deinterlacing of the frames.
        stored: whether frames stay as they are stored where possible; see `planar_picture`.

    Raises:
        FootageError: when the file is no video, or `start` is beyond its end.
    """
    path = Path(path)
    info = correction.applied(probe(path))
    fps = fps or info.fps
    ticks = count(info, fps, start, end)
    if ticks == 0:
        raise FootageError(
            f"{path} is {info.duration:.2f} s long: nothing lies from {start} to {end}; change data.start."
        )
    developer = Developer(info)
    timed = _timed_frames(path, info, start, correction)
    shown, picture = next(timed)[1], None
    upcoming = next(timed, None)
    for k in range(ticks):
        time = start + k / fps
        while upcoming is not None and upcoming[0] <= time + CLOCK_ERROR:
            shown, picture = upcoming[1], None
            upcoming = next(timed, None)
        if picture is None:
            picture = stored_picture(shown, developer, info) if stored else RgbPicture(developer.rgb(shown))
        yield Frame(k, time, picture)


def _timed_frames(
    path: Path, info: VideoInfo, start: float, correction: Correction
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (seconds from time zero, frame), beginning at or before `start`."""
    latest = -math.inf
    early = 0.0 if correction.fields == "off" else REACH / info.fps
    frames = frames_from(path, start - early + info.origin, info.start + info.origin)
    if correction.fields != "off":
        frames = deinterlaced(frames, correction.fields)
    for time, frame in frames:
        latest = max(latest, time - info.origin)
        yield latest, frame
