"""Seeks in a video such that the frames are exactly those of reading from the beginning."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from beavervision.video.container import (
    clock,
    decode_packets,
    decode_stream,
    frame_rate,
    open_video,
    packets_of,
    picture_stream,
)

SEEK_FROM = 1.0
"""Seconds after the first frame from which seeking is used instead of decoding everything before."""
STEPS_BACK = (0.0, 1.0, 5.0, 20.0)
"""Seconds before the target at which a key frame is searched for, one after the other."""
REORDERING = ("h264", "hevc")
"""Codecs whose decoder may delay frames although the stream does not say so."""
PROGRAM_STREAM = "mpeg"
"""Container (.mpg, .vob) that does not time each frame: after a seek, times are estimates."""


def frames_from(path: Path, time: float, begin: float) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (seconds of the stream's clock, decoded frame); the first frame is shown at or before `time`.

    Args:
        path: the video file.
        time: seconds of the stream's clock.
        begin: seconds of the stream's clock at its first frame.
    """
    with open_video(path) as container:
        stream = picture_stream(container, path)
        if time - begin >= SEEK_FROM and not _guessed(container, stream):
            for back in STEPS_BACK:
                landed = _land(container, stream, time - back, time) if time - back > begin else None
                if landed is not None:
                    yield from _timed(landed, stream)
                    return
    # Opened again: not every container can be rewound to its very first frame.
    with open_video(path) as container:
        stream = picture_stream(container, path)
        yield from (
            _queued(container, stream)
            if untimed(container, stream)
            else _timed(decode_stream(container, stream), stream)
        )


def untimed(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the container (AVI) stores no times while the decoder may reorder the stored frames."""
    context = stream.codec_context
    return container.format.name == "avi" and (context.has_b_frames or context.name in REORDERING)


def _guessed(container: InputContainer, stream: VideoStream) -> bool:
    return container.format.name == PROGRAM_STREAM or untimed(container, stream)


def _timed(frames: Iterator[VideoFrame], stream: VideoStream) -> Iterator[tuple[float, VideoFrame]]:
    """Yield frames with their times; a frame without a time follows the one before at the stream's rate."""
    time = None
    for frame in frames:
        if frame.pts is not None:
            time = float(frame.pts * clock(stream))
        else:
            time = float((stream.start_time or 0) * clock(stream)) if time is None else time + 1 / frame_rate(stream)
        yield float(time), frame


def _queued(container: InputContainer, stream: VideoStream) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the frames of an `untimed` stream: the n-th shown frame has the time of the n-th packet."""
    places: deque[int] = deque()

    def noted() -> Iterator[Packet | None]:
        for packet in packets_of(container, stream):
            if packet is not None and packet.dts is not None and packet.size:
                places.append(packet.dts)
            yield packet

    last = stream.start_time or 0
    for frame in decode_packets(noted(), stream):
        last = places.popleft() if places else last + 1
        yield float(last * clock(stream)), frame


def _land(container: InputContainer, stream: VideoStream, target: float, time: float) -> Iterator[VideoFrame] | None:
    """Frames from a key frame near `target` on, or None where they would differ from those of a full read.

    Frames that are shown before the key frame but stored after it (leading frames of an open group) depend on earlier
    frames and are left out; therefore the key frame must not be later than `time`.
    """
    container.seek(int(target / clock(stream)), stream=stream)
    packets = packets_of(container, stream)
    key = next((packet for packet in packets if packet is None or packet.is_keyframe), None)
    if key is None or key.pts is None or key.pts * clock(stream) > time:
        return None
    frames = decode_packets(chain([key], packets), stream)
    first = next((frame for frame in frames if frame.pts is None or frame.pts >= key.pts), None)
    # Some files mark frames as key frames that depend on others, e.g. with periodic intra refresh.
    if first is None or first.pts != key.pts or not (first.key_frame and first.pict_type == PictureType.I):
        return None
    return chain([first], frames)
