"""Frames of the footage as they are stored (4:2:0), so that what a film does not change is passed on unchanged.

Converting to RGB and back changes most pixel values by a little, and may cost as much as encoding. A film therefore
keeps the planes of the footage, and only pixels that changed are converted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import UInt8

from beavervision.video.colour import UNSPECIFIED, Developer, matrix_of
from beavervision.video.container import decode_stream, open_video, picture_stream
from beavervision.video.probe import VideoInfo, probe

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 of pixels, the ends excluded."""

LAYOUT = "yuv420p"
FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG."""
ALIGNED = 32
"""Multiple to which parts are widened: FFmpeg converts the last columns of other widths by other code."""
LUMA = {Colorspace.ITU709: (0.2126, 0.0722), Colorspace.ITU601: (0.299, 0.114)}
"""Weights of red and blue in the luma of the matrices that are passed on (BT.709, BT.601)."""


@dataclass(frozen=True)
class RgbPicture:
    """A frame of which only RGB is known."""

    rgb: UInt8[np.ndarray, "H W c"]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def part(self, box: Box) -> UInt8[np.ndarray, "h w c"]:
        """The pixels of a box."""
        return self.rgb[box[1] : box[3], box[0] : box[2]]

    def with_part(self, rgb: UInt8[np.ndarray, "h w c"], box: Box) -> RgbPicture:
        """The frame with other pixels in a box."""
        result = self.rgb.copy()
        result[box[1] : box[3], box[0] : box[2]] = rgb
        return RgbPicture(result)

    def with_rgb(self, rgb: UInt8[np.ndarray, "H W c"]) -> RgbPicture:
        """Another frame."""
        return RgbPicture(rgb)


@dataclass(frozen=True)
class PlanarPicture:
    """A frame in 4:2:0 with 8 bits in the limited range."""

    planes: UInt8[np.ndarray, "R W"]
    """Rows of luma, then both colour planes, as PyAV stores yuv420p."""
    matrix: Colorspace
    _known: dict[Box, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.planes.shape[1], len(self.planes) * 2 // 3

    @cached_property
    def rgb(self) -> UInt8[np.ndarray, "H W 3"]:
        """The whole frame as RGB."""
        return _to_rgb(self.planes, self.matrix)

    def part(self, box: Box) -> UInt8[np.ndarray, "h w 3"]:
        """The pixels of a box as RGB, the same as those of `rgb`; for reading only."""
        width, height = self.size
        left, right = box[0] // ALIGNED * ALIGNED, min(width, -(-box[2] // ALIGNED) * ALIGNED)
        top, bottom = box[1] // 2 * 2, min(height, -(-box[3] // 2) * 2)
        wide = (left, top, right, bottom)
        known = self._known.get(wide)
        if known is None:
            luma, *chroma = self._split()
            half = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
            cut = [luma[top:bottom, left:right], *(plane[half] for plane in chroma)]
            packed = np.concatenate([part.ravel() for part in cut]).reshape(-1, right - left)
            known = _to_rgb(packed, self.matrix)
            self._known.clear()
            self._known[wide] = known
        return known[box[1] - top : box[3] - top, box[0] - left : box[2] - left]

    def with_part(self, rgb: UInt8[np.ndarray, "h w 3"], box: Box) -> PlanarPicture:
        """The frame with other pixels in a box; pixels that are equal keep their stored values."""
        # numba is slow to import, and preparation does not need it here.
        from beavervision.video.numba_planes import store_changed

        result = PlanarPicture(self.planes.copy(), self.matrix)
        weights = np.array(LUMA[self.matrix], np.float32)
        # Whole blocks of 2 x 2 pixels share their colour.
        left, top, right, bottom = (box[0] // 2 * 2, box[1] // 2 * 2, -(-box[2] // 2) * 2, -(-box[3] // 2) * 2)
        before = self.part((left, top, right, bottom))
        after = before.copy()
        after[box[1] - top : box[3] - top, box[0] - left : box[2] - left] = rgb
        store_changed(np.ascontiguousarray(before), after, left, top, weights, *result._split())
        return result

    def with_rgb(self, rgb: UInt8[np.ndarray, "H W 3"]) -> PlanarPicture:
        """The frame with another frame's pixels; pixels that are equal keep their stored values."""
        return self.with_part(rgb, (0, 0, *self.size))

    def frame(self) -> VideoFrame:
        """The frame for an encoder."""
        return VideoFrame.from_ndarray(self.planes, format=LAYOUT)

    def _split(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Views of the three planes."""
        width, height = self.size
        blue, red = self.planes[height:].reshape(2, height // 2, width // 2)
        return self.planes[:height], blue, red


Picture = RgbPicture | PlanarPicture


def stored_picture(frame: VideoFrame, developer: Developer, info: VideoInfo) -> Picture:
    """A decoded frame as it is stored where a film can pass that on, else as RGB.

    Args:
        frame: decoded.
        developer: converts it otherwise.
        info: facts of the video.
    """
    matrix = _matrix(frame, info)
    return RgbPicture(developer.rgb(frame)) if matrix is None else PlanarPicture(frame.to_ndarray(), matrix)


def stored_matrix(path: Path) -> Colorspace | None:
    """Matrix of the frames of a video that a film can pass on as they are stored; None where it cannot.

    Raises:
        FootageError: when it is no video.
    """
    info = probe(path)
    with open_video(path) as container:
        first = next(decode_stream(container, picture_stream(container, path)), None)
        return None if first is None else _matrix(first, info)


def _matrix(frame: VideoFrame, info: VideoInfo) -> Colorspace | None:
    """Matrix of a frame that can be passed on; None for HDR, other layouts, turned, stretched or odd frames."""
    as_shown = (frame.width, frame.height) == (info.width, info.height) and info.rotation == 0
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    plain = frame.format.name == LAYOUT and int(frame.color_range) != FULL_RANGE and info.transfer == "sdr"
    if not (as_shown and even and plain):
        return None
    unsaid = frame.colorspace == UNSPECIFIED
    matrix = matrix_of(info.width, info.height) if unsaid else _named(int(frame.colorspace))
    return matrix if matrix in LUMA else None


def _named(value: int) -> Colorspace | None:
    """BT.709 or BT.601 by FFmpeg's AVCOL_SPC number (1; 5 and 6 are the same matrix)."""
    return {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(value)


def _to_rgb(planes: UInt8[np.ndarray, "R W"], matrix: Colorspace) -> UInt8[np.ndarray, "H W 3"]:
    frame = VideoFrame.from_ndarray(planes, format=LAYOUT)
    converted = VideoReformatter().reformat(
        frame, format="rgb24", src_colorspace=matrix, src_color_range=ColorRange.MPEG, threads=1
    )
    return converted.to_ndarray()
