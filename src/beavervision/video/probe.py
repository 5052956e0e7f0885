"""What a video file is: size, rate, length, and when its picture and its sound begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from beavervision.errors import BeaverError

FALLBACK_RATE = Fraction(25)
"""Frames per second where a file names none (PAL; also what GeneFace++ resamples to)."""


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a video file. Time zero is the first frame or the first sound, whichever is earlier."""

    width: int
    """Pixels as shown: after rotation, with square pixels."""
    height: int
    fps: float
    """Average frames per second; the gaps between frames may vary."""
    duration: float
    """Seconds from time zero to the end of the last frame."""
    start: float
    """Seconds from time zero to the first frame."""
    audio_start: float | None
    """Seconds from time zero to the first sample; None without sound."""
    rotation: int
    """Counter-clockwise degrees (0, 90, 180, 270) by which stored pictures are turned to be shown."""
    codec: str


@contextmanager
def open_video(path: Path) -> Iterator[InputContainer]:
    """Open a file that has a moving picture.

    Raises:
        BeaverError: when it is missing, empty, no video, or has no picture.
    """
    path = Path(path)
    if not path.is_file():
        raise BeaverError(f"{path} does not exist; check the path of the video.")
    if path.stat().st_size == 0:
        raise BeaverError(f"{path} is empty (0 bytes); copy or record the video again.")
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise BeaverError(f"{path} is not a video that can be read ({error.strerror}); name a video.") from None
    with container:
        names = container.format.name.split(",")
        if any(name == "image2" or name.endswith("_pipe") for name in names):
            raise BeaverError(f"{path} is a picture, not a video; name a video.")
        yield container


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """First video stream that is no cover art, set to decode on all threads.

    Raises:
        BeaverError: when there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    raise BeaverError(f"{path} has no video stream; name a file with a moving picture.")


def decode_stream(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield a stream's frames in the order they are shown, stepping over damaged packets."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def probe(path: Path) -> VideoInfo:
    """Read the facts of a video without reading all of its pictures.

    Raises:
        BeaverError: when the file is missing, empty, no video, or holds no frame.
    """
    path = Path(path)
    with open_video(path) as container:
        stream = picture_stream(container, path)
        first = next(decode_stream(container, stream), None)
        if first is None:
            raise BeaverError(f"{path} holds no frame that can be decoded; export or record the video again.")
        width, height = shown_size(first, stream)
        begin, end = float((first.pts or 0) * stream.time_base), _end(container, stream)
        audio = _audio_begin(container)
        zero = begin if audio is None else min(begin, audio)
        return VideoInfo(
            width=width,
            height=height,
            fps=float(frame_rate(stream)),
            duration=max(end, begin + float(1 / frame_rate(stream))) - zero,
            start=begin - zero,
            audio_start=None if audio is None else audio - zero,
            rotation=first.rotation % 360,
            codec=stream.codec_context.name,
        )


def frame_rate(stream: VideoStream) -> Fraction:
    """Average frames per second of a stream."""
    rate = stream.average_rate or stream.guessed_rate or FALLBACK_RATE
    return rate if rate > 0 else FALLBACK_RATE


def square_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Width and height with square pixels, before rotation (anamorphic footage is widened)."""
    return round(frame.width * (stream.sample_aspect_ratio or 1)), frame.height


def shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Width and height as shown: square pixels, turned upright."""
    width, height = square_size(frame, stream)
    return (height, width) if round(frame.rotation / 90) % 2 else (width, height)


def upright(picture: np.ndarray, rotation: int) -> np.ndarray:
    """Turn a stored picture [H,W,...] by `rotation` degrees counter-clockwise (multiples of 90)."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _end(container: InputContainer, stream: VideoStream) -> float:
    """Time at which the last frame ends, from the stream's header or, where it is silent, from its packets."""
    if stream.duration and stream.start_time is not None:
        return float((stream.start_time + stream.duration) * stream.time_base)
    container.seek(0)
    end = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            length = float(packet.duration * stream.time_base) if packet.duration else float(1 / frame_rate(stream))
            end = max(end, float(packet.pts * stream.time_base) + length)
    return end


def _audio_begin(container: InputContainer) -> float | None:
    """Time of the first sample of the first audio stream; None without one."""
    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    if stream.start_time is not None:
        return float(stream.start_time * stream.time_base)
    container.seek(0)
    packet = next((p for p in container.demux(stream) if p.pts is not None), None)
    return None if packet is None else float(packet.pts * stream.time_base)
