"""Decode footage to RGB frames at even ticks of time, one frame in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from jaxtyping import UInt8

from beavervision.errors import BeaverError
from beavervision.video.probe import (
    VideoInfo,
    decode_stream,
    frame_rate,
    open_video,
    picture_stream,
    probe,
    square_size,
    upright,
)

SEEK_FROM = 2.0
"""Seconds: from here on a later start is reached by seeking instead of decoding all that comes before."""

HD_HEIGHT = 720
"""Untagged footage of this height or more is BT.709, below BT.601 (what players assume)."""

UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED."""


@dataclass(frozen=True)
class Frame:
    """One picture of a video."""

    index: int
    """Tick number, counted from `start`."""
    time: float
    """Seconds of the tick from the video's time zero (probe.VideoInfo)."""
    rgb: UInt8[np.ndarray, "H W 3"]


def count(info: VideoInfo, fps: float | None = None, start: float = 0.0, end: float | None = None) -> int:
    """Number of ticks of `fps` in [start, end), as far as the video goes."""
    stop = info.duration if end is None else min(end, info.duration)
    return max(0, math.ceil((stop - start) * (fps or info.fps) - 1e-3))


def read_frames(path: Path, fps: float | None = None, start: float = 0.0, end: float | None = None) -> Iterator[Frame]:
    """Yield the video resampled by time: tick k shows the source frame at or before start + k / fps.

    Ticks before the first source frame show the first. Rotation metadata is applied, pixels are made square.

    Args:
        path: any container and codec that FFmpeg reads.
        fps: ticks per second; the footage's average rate when None.
        start: seconds from time zero (the earlier of the first frame and the first sound).
        end: seconds from time zero; the end of the video when None.

    Raises:
        BeaverError: when the file is no video or `start` lies behind its end.
    """
    path = Path(path)
    info = probe(path)
    fps = fps or info.fps
    ticks = count(info, fps, start, end)
    if ticks == 0:
        raise BeaverError(
            f"{path} is {info.duration:.2f} s long: nothing lies from {start} to {end}; change data.start."
        )
    with open_video(path) as container:
        stream = picture_stream(container, path)
        timed = _timed_frames(container, stream, info, start)
        # Containers round times to their time base (1 ms in Matroska): forgive as much, or frames slip by one.
        slack = min(float(stream.time_base), 1e-3) + 1e-6
        shown, rgb = next(timed)[1], None
        upcoming = next(timed, None)
        for k in range(ticks):
            time = start + k / fps
            while upcoming is not None and upcoming[0] <= time + slack:
                shown, rgb = upcoming[1], None
                upcoming = next(timed, None)
            if rgb is None:
                rgb = to_rgb(shown, stream)
            yield Frame(k, time, rgb)


def to_rgb(frame: VideoFrame, stream: VideoStream) -> UInt8[np.ndarray, "H W 3"]:
    """RGB picture of a decoded frame, upright and with square pixels."""
    width, height = square_size(frame, stream)
    space = None
    if frame.colorspace == UNSPECIFIED:
        space = Colorspace.ITU709 if min(width, height) >= HD_HEIGHT else Colorspace.ITU601
    rgb = frame.to_ndarray(format="rgb24", width=width, height=height, src_colorspace=space)
    return upright(rgb, frame.rotation)


def _timed_frames(
    container: InputContainer, stream: VideoStream, info: VideoInfo, start: float
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (seconds from time zero, frame), beginning at or before `start`."""
    origin = float((stream.start_time or 0) * stream.time_base) - info.start
    frames = _from(container, stream, start + origin)
    previous = -math.inf
    for frame in frames:
        step = float(1 / frame_rate(stream))
        time = previous + step if frame.pts is None else float(frame.pts * stream.time_base) - origin
        previous = max(time, 0.0 if previous == -math.inf else previous)
        yield previous, frame


def _from(container: InputContainer, stream: VideoStream, time: float) -> Iterator[VideoFrame]:
    """Yield frames from the last key frame before `time` (in the stream's own time), or from the beginning."""
    if time < SEEK_FROM:
        yield from decode_stream(container, stream)
        return
    container.seek(int(time / stream.time_base), stream=stream)
    frames = decode_stream(container, stream)
    first = next(frames, None)
    if first is None or first.pts is None or first.pts * stream.time_base > time:
        container.seek(0)
        yield from decode_stream(container, stream)
        return
    yield first
    yield from frames
