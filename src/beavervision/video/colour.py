"""Converts decoded pixel values to the RGB of screens (sRGB, BT.709)."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from jaxtyping import Float, UInt8, UInt16

from beavervision.video.probe import VideoInfo, upright

HD_HEIGHT = 720
"""Untagged footage of this height or more is BT.709, smaller footage BT.601 (as players assume)."""
UNSPECIFIED = 2
"""FFmpeg's AVCOL_SPC_UNSPECIFIED."""

WHITE = 203.0
"""Luminance of paper white in HDR footage, cd/m2 (ITU-R BT.2408)."""
PEAK = 1000.0
"""Luminance for which HDR footage is graded, cd/m2 (BT.2408; also HLG's nominal display)."""
KNEE = 0.65
"""Light, relative to WHITE, up to which tone mapping changes nothing; from there to PEAK it is compressed smoothly
below 1."""
TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""Linear BT.2020 to BT.709 (ITU-R BT.2087)."""
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
STEPS = 1 << 16


class Developer:
    """Converts the decoded frames of one video to RGB: upright, of one size, with square pixels.

    Args:
        info: facts of the video.
    """

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        sideways = round(info.rotation / 90) % 2
        self._size = (info.height, info.width) if sideways else (info.width, info.height)
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> UInt8[np.ndarray, "H W 3"]:
        """Convert a frame to RGB; a frame of another size (some streams change it) is scaled to the first size."""
        if self._info.transfer == "sdr":
            picture = self._converted(frame, "rgb24")
        else:
            picture = self._tones(self._converted(frame, "rgb48le"))
        return upright(picture, self._info.rotation)

    def _converted(self, frame: VideoFrame, layout: str) -> np.ndarray:
        width, height = self._size
        space = None
        if frame.colorspace == UNSPECIFIED:
            space = matrix_of(width, height)
        # One thread: the conversion is a small part of the work, and several processes may decode at once.
        return self._reformatter.reformat(frame, width, height, layout, space, threads=1).to_ndarray()

    @cached_property
    def _to_light(self) -> Float[np.ndarray, "65536"]:
        return light_of(np.arange(STEPS) / (STEPS - 1), self._info.transfer).astype(np.float32)

    @cached_property
    def _to_pixel(self) -> UInt8[np.ndarray, "65536"]:
        # Indexed by the square root of light, so that dark tones have enough steps.
        light = np.square(np.arange(STEPS) / (STEPS - 1)) * PEAK / WHITE
        return np.round(255 * screen_value(light)).astype(np.uint8)

    def _tones(self, picture: UInt16[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """Tone-map HDR pixel values to SDR: linear light, compressed to paper white, in BT.709."""
        light = self._to_light[picture]
        if self._info.transfer == "hlg":  # The display's gamma, applied to luminance alone (BT.2100, 1000 cd/m2).
            light *= np.power(np.maximum(cv2.transform(light, LUMA_2020[None]), 1e-6), 0.2)[..., None] * PEAK / WHITE
        light = np.clip(cv2.transform(light, TO_709), 0, PEAK / WHITE)
        return self._to_pixel[(np.sqrt(light * (WHITE / PEAK)) * (STEPS - 1)).astype(np.uint16)]


def matrix_of(width: int, height: int) -> Colorspace:
    """Matrix of untagged footage of a size."""
    return Colorspace.ITU709 if min(width, height) >= HD_HEIGHT else Colorspace.ITU601


def light_of(value: Float[np.ndarray, "N"], transfer: str) -> Float[np.ndarray, "N"]:
    """Light of signal values in [0, 1]: in units of paper white for pq, of the scene (0..1) for hlg (BT.2100)."""
    if transfer == "hlg":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(value <= 0.5, np.square(value) / 3, (np.exp((value - c) / a) + b) / 12)
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = np.power(value, 1 / m2)
    return 10_000 / WHITE * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)


def screen_value(light: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    """Convert light relative to paper white to an sRGB signal in [0, 1]; light above KNEE is compressed."""
    beyond = (light - KNEE) / (1 - KNEE)
    shown = np.where(light <= KNEE, light, KNEE + (1 - KNEE) * (1 - np.exp(-np.maximum(beyond, 0))))
    return np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * np.power(np.maximum(shown, 1e-9), 1 / 2.4) - 0.055)
