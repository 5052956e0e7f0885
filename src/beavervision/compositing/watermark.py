"""An invisible mark on the luma of generated pixels: a keyed spread-spectrum pattern (Cox et al. 1997).

The pattern is a tile of noise between two wavelengths, repeated over the frame. Its size follows that of the frame, so
that scaling the film does not change it relative to the frame. `provenance.watermark` detects it.
"""

from __future__ import annotations

import hashlib
from copy import copy

import cv2
import numpy as np
from jaxtyping import Bool, Complex, Float, UInt8

PUBLIC_KEY = "beavervision"
"""Key of films whose maker chose none: everybody can detect the mark, and everybody who reads this can remove it."""
CANON = 360
"""Shorter side of a frame at the pattern's own resolution, px; a film of 720 lines has it after scaling by half."""
TILE = 128
"""Side of the tile at that resolution, px."""
WAVELENGTHS = (4.0, 10.0)
"""Shortest and longest wavelength at that resolution, px: shorter ones get lost in scaling, longer ones are seen."""
AMPLITUDES = (0.4, 1.1, 2.2)
"""RMS of the pattern on even, structured and textured parts, grey values: texture hides more, and encoders keep it."""
TEXTURES = (14, 36)
"""Sum of the differences over REACH pixels from which a part counts as structured and as textured, grey values."""
REACH = 2
DUB_STRENGTH = 1.5
"""Factor of the amplitudes in a dub, where a small part of the frame is marked."""


def band() -> Bool[np.ndarray, "TILE half"]:
    """Mask of the tile's coefficients in the layout of `rfft2`: those of its wavelengths, except vertical waves."""
    down, across = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    radius = np.hypot(down, across)
    # The waves with across = 0 have their conjugates in the same column and would count twice.
    return (radius >= 1 / WAVELENGTHS[1]) & (radius <= 1 / WAVELENGTHS[0]) & (across > 0)


def phases(key: str) -> Complex[np.ndarray, "n"]:
    """Coefficients of the tile in the band, of magnitude 1: their phases are drawn from the key."""
    seed = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:16], "big")
    turns = np.random.default_rng(seed).random(int(band().sum()))
    return np.exp(2j * np.pi * turns)


def tile(key: str) -> Float[np.ndarray, "TILE TILE"]:
    """The tile, with mean 0 and RMS 1."""
    spectrum = np.zeros(band().shape, complex)
    spectrum[band()] = phases(key)
    wave = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return (wave / wave.std()).astype(np.float32)


def pattern(key: str, size: tuple[int, int]) -> Float[np.ndarray, "H W"]:
    """The pattern on a frame, RMS 1.

    Args:
        key: any text.
        size: width and height of the frame, px.
    """
    width, height = size
    step = CANON / min(size)
    x, y = ((np.arange(n, dtype=np.float32) + 0.5) * step - 0.5 for n in (width, height))
    across, down = np.meshgrid(np.mod(x, TILE) + 4, np.mod(y, TILE) + 4)
    padded = np.pad(tile(key), 4, mode="wrap")
    return cv2.remap(padded, across.astype(np.float32), down.astype(np.float32), cv2.INTER_CUBIC)


class Watermark:
    """Marks the frames of one film.

    Args:
        size: width and height of the frames, px.
        key: any text; whoever knows it can detect the mark.
        strength: factor of the amplitudes.

    Example:
        >>> grey = np.full((360, 640, 3), 128, np.uint8)
        >>> marked = Watermark((640, 360)).embed(grey)
        >>> int(np.abs(marked.astype(int) - grey).max()) in (1, 2)
        True
    """

    def __init__(self, size: tuple[int, int], key: str = PUBLIC_KEY, strength: float = 1.0) -> None:
        wave = strength * pattern(key, size)
        # Saturated sums of bytes are the fastest: magnitudes for each texture, and masks of the signs.
        self._magnitudes = [_three(np.rint(np.abs(wave) * amplitude).astype(np.uint8)) for amplitude in AMPLITUDES]
        self._plus, self._minus = (_three(np.where(side, np.uint8(255), np.uint8(0))) for side in (wave > 0, wave < 0))
        # Kept between frames, because fresh memory costs more than the sums.
        self._size, self._signed = np.empty_like(self._plus), np.empty_like(self._plus)
        self._nothing = np.zeros_like(self._plus)

    def embed(
        self,
        frame: UInt8[np.ndarray, "h w c"],
        source: UInt8[np.ndarray, "h w 3"] | None = None,
        corner: tuple[int, int] = (0, 0),
    ) -> UInt8[np.ndarray, "h w c"]:
        """Return a marked copy of a frame or of a part of it.

        Args:
            frame: RGB, or RGB and opacity; transparent pixels stay as they are.
            source: the footage's pixels; those that are equal to it were not generated and stay as they are.
            corner: x and y of the part's top left pixel in the frame.
        """
        if source is frame:
            return frame
        if frame.shape[:2] != self._plus.shape[:2]:
            return self._part(corner, frame.shape[:2]).embed(frame, source)
        if frame.shape[2] == 4:
            result = frame.copy()
            kept = np.equal(frame[..., 3], 0).view(np.uint8) * np.uint8(255)
            result[..., :3] = self._added(np.ascontiguousarray(frame[..., :3]), kept)
            return result
        kept = None if source is None else cv2.inRange(cv2.absdiff(frame, source), _ZERO, _ZERO)
        return self._added(frame, kept)

    def _part(self, corner: tuple[int, int], shape: tuple[int, ...]) -> Watermark:
        """The mark of a part of the frame."""
        part = copy(self)
        rows, columns = slice(corner[1], corner[1] + shape[0]), slice(corner[0], corner[0] + shape[1])
        part._magnitudes = [np.ascontiguousarray(plane[rows, columns]) for plane in self._magnitudes]
        part._plus, part._minus = (np.ascontiguousarray(plane[rows, columns]) for plane in (self._plus, self._minus))
        part._size, part._signed = np.empty_like(part._plus), np.empty_like(part._plus)
        part._nothing = np.zeros_like(part._plus)
        return part

    def _added(
        self, rgb: UInt8[np.ndarray, "H W 3"], kept: UInt8[np.ndarray, "H W"] | None
    ) -> UInt8[np.ndarray, "H W 3"]:
        """RGB with the pattern, except where `kept` is not 0."""
        texture, size = _texture(cv2.extractChannel(rgb, 1)), self._size
        np.copyto(size, self._magnitudes[0])
        for least, magnitude in zip(TEXTURES, self._magnitudes[1:], strict=True):
            cv2.copyTo(magnitude, np.greater_equal(texture, least).view(np.uint8), size)
        if kept is not None:
            cv2.copyTo(self._nothing, kept, size)
        result = cv2.add(rgb, cv2.bitwise_and(size, self._plus, dst=self._signed))
        return cv2.subtract(result, cv2.bitwise_and(size, self._minus, dst=self._signed), dst=result)


_ZERO = np.zeros(3, np.uint8)


def _texture(green: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W"]:
    """Sum of the horizontal and vertical differences over twice REACH pixels, at most 255."""
    wide = cv2.copyMakeBorder(green, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    inner, double = slice(REACH, -REACH), 2 * REACH
    return cv2.add(
        cv2.absdiff(wide[inner, double:], wide[inner, :-double]),
        cv2.absdiff(wide[double:, inner], wide[:-double, inner]),
    )


def _three(plane: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    return cv2.merge([plane] * 3)
