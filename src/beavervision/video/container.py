"""Opens a video file: its video stream, packets and decoded frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from beavervision.errors import FootageError

FALLBACK_RATE = Fraction(25)
"""Frame rate assumed where a file has none (PAL; also what GeneFace++ resamples to)."""


@contextmanager
def open_video(path: Path) -> Iterator[InputContainer]:
    """Open a video file for reading.

    Raises:
        FootageError: when it is missing, empty, no video, or has no video stream.
    """
    path = Path(path)
    if not path.is_file():
        raise FootageError(f"{path} does not exist; check the path of the video.")
    if path.stat().st_size == 0:
        raise FootageError(f"{path} is empty (0 bytes); copy or record the video again.")
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError) as error:
        raise FootageError(
            f"{path} is not a video that can be read ({error.strerror}): name a video, "
            f"or fetch this one again if its download broke off."
        ) from None
    with container:
        names = container.format.name.split(",")
        if any(name == "image2" or name.endswith("_pipe") for name in names):
            raise FootageError(f"{path} is a picture, not a video; name a video.")
        yield container


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream to show, set to decode on all threads; cover art does not count.

    If there are several streams, it is the one that the file marks as default, else the first.

    Raises:
        FootageError: when there is no video stream.
    """
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise FootageError(f"{path} has no video stream; name a file with a moving picture.")
    stream = next((s for s in moving if s.disposition & Disposition.default), moving[0])
    stream.thread_type = "AUTO"
    return stream


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[Packet | None]:
    """Yield a stream's packets as far as the file can be read; the last packet flushes the decoder."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, EOFError):  # The file is truncated here.
            yield None
            return


def decode_packets(packets: Iterable[Packet | None], stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frames of packets in display order; damaged packets are skipped."""
    for packet in packets:
        try:
            yield from stream.codec_context.decode() if packet is None else packet.decode()
        except (av.error.FFmpegError, EOFError):
            continue


def decode_stream(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield a stream's frames in display order, as far as the file can be read."""
    return decode_packets(packets_of(container, stream), stream)


def clock(stream: VideoStream) -> Fraction:
    """Seconds per unit of a stream's time base."""
    return stream.time_base or Fraction(1, av.time_base)


def frame_rate(stream: VideoStream) -> Fraction:
    """Average frames per second of a stream."""
    rate = stream.average_rate or stream.guessed_rate or FALLBACK_RATE
    return rate if rate > 0 else FALLBACK_RATE
