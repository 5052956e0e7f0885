"""Lossless grey videos: FFV1 in Matroska, for label maps and mattes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
import numpy as np
from jaxtyping import UInt8
from typing_extensions import Self

from beavervision.errors import StorageError
from beavervision.video.container import clock, decode_stream, frame_rate, open_video, picture_stream

BITEXACT = {"fflags": "+bitexact"}
"""Otherwise Matroska writes random identifiers, and equal videos would not be equal files."""


class GrayWriter:
    """Writes grey frames without loss.

    Use it as a context manager; `write` takes one frame at a time. When the block fails, the file is removed.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self.path, self.shape = Path(path), (height, width)
        try:
            self._container = av.open(str(self.path), "w", format="matroska", options=BITEXACT)
        except (av.error.FFmpegError, OSError) as error:
            raise StorageError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None
        rate = Fraction(fps).limit_denominator(1001)
        # Intra only, checksummed slices: any frame can be read alone, damage is detected.
        self._stream = self._container.add_stream("ffv1", rate=rate, options={"level": "3", "g": "1"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "gray"

    def write(self, picture: UInt8[np.ndarray, "H W"]) -> None:
        """Append one frame."""
        if picture.shape != self.shape:
            raise ValueError(f"{self.path}: a picture of {picture.shape} in a video of {self.shape}")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="gray")
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if kind is not None:
            self.path.unlink(missing_ok=True)


def read_gray(path: Path, first: int = 0) -> Iterator[UInt8[np.ndarray, "H W"]]:
    """Yield the frames of a `GrayWriter` file, exactly as written.

    Args:
        path: the file.
        first: index of the first frame to read; the frames before it are not decoded.

    Raises:
        StorageError: when the file is missing or no video.
    """
    with open_video(path) as container:
        stream = picture_stream(container, Path(path))
        if first:
            target = round(first / frame_rate(stream) / clock(stream))
            container.seek(target, stream=stream)
        for frame in decode_stream(container, stream):
            if round(frame.time * frame_rate(stream)) >= first:
                yield frame.to_ndarray(format="gray")


def join_gray(parts: Sequence[Path], path: Path) -> None:
    """Concatenate `GrayWriter` videos without encoding them again.

    Args:
        parts: the videos in order, of equal size and rate.
        path: the file to write.
    """
    with av.open(str(path), "w", format="matroska", options=BITEXACT) as joined:
        stream, count = None, 0
        for part in parts:
            with open_video(part) as container:
                source = picture_stream(container, part)
                stream = stream or joined.add_stream_from_template(source)
                step = 1 / (frame_rate(source) * clock(source))
                for packet in container.demux(source):
                    if packet.size:
                        packet.pts = packet.dts = round(count * step)
                        packet.stream = stream
                        joined.mux(packet)
                        count += 1
