"""Reads the facts of a video file: size, rate, length, start of the video and of the sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream

from beavervision.errors import FootageError
from beavervision.video.audio_tracks import first_start
from beavervision.video.container import clock, decode_stream, frame_rate, open_video, packets_of, picture_stream
from beavervision.video.seek import untimed

CHECKED_END = 3.0
"""Seconds before the file's nominal end from which packets are read, to find out whether the end is present."""
MISSING_END = 0.5
"""Seconds by which the last packet may be before the file's nominal end."""
TRANSFERS = {int(ColorTrc.SMPTE2084): "pq", int(ColorTrc.ARIB_STD_B67): "hlg"}


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a video file. Time zero is the first frame or the first sample of the sound, whichever is earlier."""

    width: int
    """Width as shown, pixels: after rotation, with square pixels."""
    height: int
    fps: float
    """Average frames per second; the frame rate may vary."""
    duration: float
    """Seconds from time zero to the end of the last frame."""
    start: float
    """Seconds from time zero to the first frame."""
    audio_start: float | None
    """Seconds from time zero to the first sample of the first sound track that can be decoded; None without sound."""
    rotation: int
    """Counter-clockwise rotation in degrees (0, 90, 180, 270) from the stored to the shown frames."""
    codec: str
    origin: float = 0.0
    """Time of the video stream's own clock at time zero, s."""
    transfer: str = "sdr"
    """Transfer function: sdr | pq | hlg."""
    interlaced: bool = False
    """Whether the first frame is marked as interlaced; see `correction.Correction`."""
    complete: bool = True
    """False when the file ends before the end in its header (an incomplete download)."""


def probe(path: Path) -> VideoInfo:
    """Read the facts of a video without decoding all frames.

    Raises:
        FootageError: when the file is missing, empty, no video, or has no frame.
    """
    path = Path(path)
    stamp = path.stat() if path.is_file() else None
    return _probe(path, stamp and (stamp.st_size, stamp.st_mtime_ns))


@lru_cache(maxsize=32)
def _probe(path: Path, _stamp: tuple[int, int] | None) -> VideoInfo:
    """Facts of a file, cached by its size and modification time: each part of a clip asks for them again."""
    with open_video(path) as container:
        stream = picture_stream(container, path)
        first = next(decode_stream(container, stream), None)
        if first is None:
            raise FootageError(f"{path} holds no frame that can be decoded; export or record the video again.")
        width, height = shown_size(first, stream)
        first_tick = stream.start_time if untimed(container, stream) else first.pts
        begin = float((first_tick or 0) * clock(stream))
        end, complete = _end(container, stream)
        audio = first_start(path)
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
            origin=zero,
            transfer=TRANSFERS.get(first.color_trc, "sdr"),
            interlaced=first.interlaced_frame,
            complete=complete,
        )


def square_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Width and height with square pixels, before rotation (anamorphic footage is widened)."""
    return round(frame.width * (stream.sample_aspect_ratio or 1)), frame.height


def shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Width and height as shown: square pixels, upright."""
    width, height = square_size(frame, stream)
    return (height, width) if round(frame.rotation / 90) % 2 else (width, height)


def upright(picture: np.ndarray, rotation: int) -> np.ndarray:
    """Rotate a stored frame [H,W,...] by `rotation` degrees counter-clockwise (multiples of 90)."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _end(container: InputContainer, stream: VideoStream) -> tuple[float, bool]:
    """End time of the last frame, and whether it agrees with the header, if the header has one."""
    if not (stream.duration and stream.start_time is not None):
        return _last_packet(container, stream, None), True
    named = float((stream.start_time + stream.duration) * clock(stream))
    found = _last_packet(container, stream, named - CHECKED_END)
    if found >= named - MISSING_END:
        return named, True
    return _last_packet(container, stream, None), False


def _last_packet(container: InputContainer, stream: VideoStream, after: float | None) -> float:
    """End time of the last packet's frame; read from `after` seconds on, or the whole file when None."""
    try:
        if after is None:
            container.seek(0)
        else:
            container.seek(int(after / clock(stream)), stream=stream)
    except av.error.FFmpegError:
        return 0.0
    end = 0.0
    for packet in packets_of(container, stream):
        if packet is not None and packet.pts is not None and not packet.is_discard:
            length = float(packet.duration * clock(stream)) if packet.duration else float(1 / frame_rate(stream))
            end = max(end, float(packet.pts * clock(stream)) + length)
    return end
