"""Write a video that plays everywhere: H.264 in mp4, with sound that starts where it should."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from jaxtyping import Float, UInt8
from typing_extensions import Self

from beavervision.errors import BeaverError

AUDIO_BIT_RATE = 128_000
SOUND_PIECE = 1024
"""Samples handed to the sound encoder at once: AAC's own frame."""


class VideoWriter:
    """Writes RGB frames as H.264 (yuv420p, BT.709) with the sound given as AAC, ready to stream.

    Use it as a context manager; `write` takes one frame at a time. The file appears under its name when the
    block ends well; when it fails, nothing is left. Odd sizes are padded by repeating the border.

    Args:
        path: where; the suffix chooses the container.
        width, height: pixels of the frames given.
        fps: frames per second.
        audio: mono sound in [-1, 1] whose first sample belongs to the first frame; written in full.
        audio_rate: samples per second.
        crf: x264's constant rate factor, 0 (lossless) .. 51; 18 is visually lossless.
        preset: x264's preset, ultrafast .. veryslow.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        audio: Float[np.ndarray, "N"] | None = None,
        audio_rate: int = 16_000,
        crf: float = 18,
        preset: str = "medium",
    ) -> None:
        self.path, self.shape, self.n_frames = Path(path), (height, width, 3), 0
        self._rate = Fraction(fps).limit_denominator(1001)
        self._part = self.path.with_name(f".{self.path.stem}.part{self.path.suffix}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w", options={"movflags": "+faststart"})
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise BeaverError(_unwritable(self.path, error)) from None
        self._picture = self._picture_stream(crf, preset)
        self._sound = None if audio is None else _Sound(self._container.add_stream("aac", audio_rate), audio)

    def _picture_stream(self, crf: float, preset: str) -> VideoStream:
        stream = self._container.add_stream("h264", self._rate, {"crf": str(crf), "preset": preset})
        height, width, _ = self.shape
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        context = stream.codec_context
        context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
        context.colorspace, context.color_range = int(Colorspace.ITU709), int(ColorRange.MPEG)
        return stream

    def write(self, rgb: UInt8[np.ndarray, "H W 3"]) -> None:
        """Append one frame, and the sound up to its end.

        Raises:
            BeaverError: when the disk is full.
        """
        if rgb.shape != self.shape:
            raise ValueError(f"{self.path}: a frame of {rgb.shape} in a video of {self.shape}")
        height, width, _ = self.shape
        if height % 2 or width % 2:
            rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self.n_frames, 1 / self._rate
        self.n_frames += 1
        try:
            self._container.mux(self._picture.encode(frame))
            if self._sound:
                self._container.mux(self._sound.until(float(self.n_frames / self._rate)))
        except OSError as error:
            raise BeaverError(_unwritable(self.path, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._picture.encode(None))
                if self._sound:
                    self._container.mux(self._sound.rest())
            self._container.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as failure:
            if kind is None:
                raise BeaverError(_unwritable(self.path, failure)) from failure
        finally:
            self._part.unlink(missing_ok=True)


class _Sound:
    """Feeds one sound to its encoder in step with the picture."""

    def __init__(self, stream: AudioStream, samples: Float[np.ndarray, "N"]) -> None:
        stream.codec_context.layout, stream.bit_rate = "mono", AUDIO_BIT_RATE
        self._stream, self._samples, self._given = stream, samples, 0

    def until(self, time: float) -> list[av.Packet]:
        """Encode what sounds before `time` seconds, in whole AAC frames."""
        packets = []
        stop = min(int(time * self._stream.rate), len(self._samples))
        while self._given + SOUND_PIECE <= stop:
            packets += self._encode(SOUND_PIECE)
        return packets

    def rest(self) -> list[av.Packet]:
        """Encode everything that is left."""
        packets = []
        while self._given < len(self._samples):
            packets += self._encode(SOUND_PIECE)
        return packets + self._stream.encode(None)

    def _encode(self, n: int) -> list[av.Packet]:
        piece = np.asarray(self._samples[self._given : self._given + n], np.float32)[None]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._stream.rate, self._given
        frame.time_base = Fraction(1, self._stream.rate)
        self._given += piece.shape[1]
        return self._stream.encode(frame)


def _unwritable(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or error
    return f"{path} cannot be written ({reason}); free some space or choose another out=."
