"""Writes files like those of cameras and phones: variable frame rate, rotation tag, late sound, ten bits."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import numpy as np
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from jaxtyping import Float, UInt8
from typing_extensions import Self

CLOCK = Fraction(1, 3000)
"""Unit of the images' times, s: it represents 25, 30, 50 and 60 per second."""
PIECE = 1024
"""Number of samples passed to the audio encoder at once."""
RATE = 16_000


@dataclass(frozen=True)
class ReelOptions:
    """Settings of a scene's video file."""

    name: str = ""
    """Suffix of the scene's name; empty for its only or plainest file."""
    suffix: str = ".mp4"
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rotation: int = 0
    """Display rotation in the tag, degrees; the stored image is rotated by the opposite angle, so it is shown
    upright."""
    sound_start: float = 0.0
    """Seconds from the first image to the start of the sound."""
    quality: int = 17
    """Constant rate factor."""


class Reel:
    """Writes images at arbitrary times, with sound. A context manager.

    Args:
        path: the file to write.
        size: width and height as shown, px.
        options: settings of the file.
        sound: mono sound at 16 kHz, sample 0 at the first image; sound before `sound_start` is omitted.
    """

    def __init__(self, path: Path, size: tuple[int, int], options: ReelOptions, sound: Float[np.ndarray, "N"]) -> None:
        self._options, self._sound = options, sound
        self._container = av.open(str(path), "w", options={"fflags": "+bitexact"})
        extra = {"x265-params": "log-level=none"} if options.codec == "libx265" else {}
        settings = {"crf": str(options.quality), "preset": "veryfast", **extra}
        # Encoders of pictures give picture streams; PyAV's stubs know only streams.
        self._stream = cast(VideoStream, self._container.add_stream(options.codec, 25, settings))
        width, height = size if options.rotation % 180 == 0 else size[::-1]
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, options.pix_fmt
        self._stream.codec_context.time_base = CLOCK
        self._stream.codec_context.colorspace = int(Colorspace.ITU709)
        if options.rotation:
            self._stream.set_display_rotation(options.rotation)
        self._hearing = self._container.add_stream("aac", RATE)
        self._hearing.codec_context.layout = "mono"

    def write(self, rgb: UInt8[np.ndarray, "H W 3"], time: float) -> None:
        """Append an image that is shown from `time` s on."""
        turned = np.ascontiguousarray(np.rot90(rgb, -self._options.rotation // 90))
        frame = av.VideoFrame.from_ndarray(turned, format="rgb24")
        frame = frame.reformat(format=self._options.pix_fmt, dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = round(time / CLOCK), CLOCK
        self._container.mux(self._stream.encode(frame))

    def _write_sound(self) -> None:
        first = round(self._options.sound_start * RATE)
        for begin in range(first, len(self._sound), PIECE):
            piece = np.ascontiguousarray(self._sound[begin : begin + PIECE], np.float32)[None]
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            self._container.mux(self._hearing.encode(frame))
        self._container.mux(self._hearing.encode(None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
            self._write_sound()
        self._container.close()
