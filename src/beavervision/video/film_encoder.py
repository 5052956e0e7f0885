"""Encodes frames and sound into an open container, in sync."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import UInt8

from beavervision.video.film_mark import COMMENT, StreamMarker
from beavervision.video.formats import Format
from beavervision.video.planar_picture import PlanarPicture
from beavervision.video.sound_feed import Blocks, SoundFeed

SMALLEST_MBTREE = 128
"""Smallest number of rows or columns for x264's macroblock tree. On smaller frames it is not deterministic: a few of a
hundred encodings of the same frames differ (libavcodec 62.28 at 64 x 48 and 96 x 72; never at 128 x 96)."""


class FilmEncoder:
    """Encodes a video: tagged BT.709 colours, a constant frame rate, sound from the first frame on.

    Args:
        container: empty container, open for writing.
        kind: the format to write.
        size: width and height of the frames; odd ones are padded by repeating the border where the format requires it.
        fps: frames per second.
        sound: mono sound at `rate`, written in full; None for no sound.
        rate: samples per second of the sound.
        crf, preset: quality and speed, see `Format.picture_options`.
        alpha: whether frames have an alpha channel.
        mark: a sentence for the metadata and the H.264 stream, see `film_mark`; empty for none.
        matrix: of the film's colours.
    """

    def __init__(
        self,
        container: OutputContainer,
        kind: Format,
        size: tuple[int, int],
        fps: float,
        sound: Blocks | None,
        rate: int,
        *,
        crf: float | None = None,
        preset: str = "medium",
        alpha: bool = False,
        mark: str = "",
        matrix: Colorspace = Colorspace.ITU709,
    ) -> None:
        width, height = size
        self.n_frames, self._shape = 0, (height, width, 4 if alpha else 3)
        self._container, self._kind = container, kind
        self._rate = Fraction(fps).limit_denominator(1001)
        self.pixels = kind.alpha if alpha and kind.alpha else kind.pixels
        self._reformatter, self._matrix = VideoReformatter(), matrix
        self._picture = self._picture_stream(crf, preset)
        if mark:
            container.metadata[COMMENT] = mark
        self._marker = StreamMarker(container, self._picture, mark) if mark and kind.picture == "h264" else None
        self._sound = None if sound is None else SoundFeed(self._sound_stream(rate), sound)

    @property
    def seconds(self) -> Fraction:
        """Length of the frames written so far, seconds."""
        return self.n_frames / self._rate

    def write(self, picture: UInt8[np.ndarray, "H W c"] | PlanarPicture) -> None:
        """Append one frame, and the sound up to the frame's end.

        Args:
            picture: RGB or RGBA; or a stored frame of the format's pixels and the film's matrix.
        """
        frame = picture.frame() if isinstance(picture, PlanarPicture) else self._converted(picture)
        frame.pts, frame.time_base = self.n_frames, 1 / self._rate
        self.n_frames += 1
        self._mux(self._picture.encode(frame))
        if self._sound:
            self._container.mux(self._sound.until(self.seconds))

    def _converted(self, picture: UInt8[np.ndarray, "H W c"]) -> av.VideoFrame:
        height, width, channels = self._shape
        if self._kind.even and (height % 2 or width % 2):
            picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        layout = "rgba" if channels == 4 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=layout)
        if self.pixels != layout:
            frame = self._reformatter.reformat(
                frame, format=self.pixels, dst_colorspace=self._matrix, dst_color_range=ColorRange.MPEG
            )
        return frame

    def finish(self, *, cut_sound: bool = False) -> None:
        """Flush the encoders and write the rest of the sound, or with `cut_sound` only up to the last frame."""
        self._mux(self._picture.encode(None))
        if self._marker:
            self._container.mux(self._marker.rest())
        if self._sound:
            self._container.mux(self._sound.rest(self.seconds if cut_sound else None))

    def _mux(self, packets: list[Packet]) -> None:
        self._container.mux(self._marker.mark(packets) if self._marker else packets)

    # Video encoders return video streams, audio encoders audio streams; PyAV's stubs only declare streams.
    def _sound_stream(self, rate: int) -> AudioStream:
        return cast(AudioStream, self._container.add_stream(self._kind.sound, rate))

    def _picture_stream(self, crf: float | None, preset: str) -> VideoStream:
        alpha = self.pixels == self._kind.alpha
        options = self._kind.picture_options(crf, preset, alpha=alpha)
        if self._kind.picture == "h264" and min(self._shape[:2]) < SMALLEST_MBTREE:
            options["x264-params"] = "mbtree=0"
        stream = cast(VideoStream, self._container.add_stream(self._kind.picture, self._rate, options))
        height, width, _ = self._shape
        if self._kind.even:
            width, height = width + width % 2, height + height % 2
        stream.width, stream.height, stream.pix_fmt = width, height, self.pixels
        if alpha and self._kind.picture == "libvpx-vp9":
            stream.metadata["alpha_mode"] = "1"  # Players look for the second picture only where this says so.
        if self._kind.picture != "rawvideo":
            context = stream.codec_context
            context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
            context.colorspace, context.color_range = int(self._matrix), int(ColorRange.MPEG)
        return stream
