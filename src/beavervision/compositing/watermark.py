"""An invisible mark on the luma of generated pixels: a keyed spread-spectrum pattern (Cox et al. 1997).

The pattern is a tile of noise between two wavelengths, repeated over the frame. Its size follows that of the frame, so
that scaling the film does not change it relative to the frame. `provenance.watermark` detects it.
"""

from __future__ import annotations

import hashlib

import cv2
import numba
import numpy as np
from jaxtyping import Complex, Float, UInt8

PUBLIC_KEY = "beavervision"
"""Key of films whose maker chose none: everybody can detect the mark, and everybody who reads this can remove it."""
CANON = 360
"""Shorter side of a frame at the pattern's own resolution, px; a film of 720 lines has it after scaling by half."""
TILE = 128
"""Side of the tile at that resolution, px."""
WAVELENGTHS = (4.0, 10.0)
"""Shortest and longest wavelength at that resolution, px: shorter ones get lost in scaling, longer ones are seen."""
FLAT, BUSY = 0.6, 2.2
"""Amplitude (RMS, grey values) on even and on textured parts, where the eye sees less and encoders keep more."""
TEXTURE = 48.0
"""Sum of the differences over REACH pixels from which a part counts as textured, grey values."""
REACH = 2


def band() -> np.ndarray:
    """Mask [TILE, TILE] of the tile's Fourier coefficients, without those that are conjugates of others."""
    frequency = np.fft.fftfreq(TILE)
    radius = np.hypot(frequency[:, None], frequency[None, :])
    inside = (radius >= 1 / WAVELENGTHS[1]) & (radius <= 1 / WAVELENGTHS[0])
    half = (frequency[:, None] > 0) | ((frequency[:, None] == 0) & (frequency[None, :] > 0))
    return inside & half & (np.abs(frequency[:, None]) < 0.5)


def phases(key: str) -> Complex[np.ndarray, "n"]:
    """Coefficients of the tile in the band, of magnitude 1: their phases are drawn from the key."""
    seed = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:16], "big")
    turns = np.random.default_rng(seed).random(int(band().sum()))
    return np.exp(2j * np.pi * turns)


def tile(key: str) -> Float[np.ndarray, "TILE TILE"]:
    """The tile, with mean 0 and RMS 1."""
    spectrum = np.zeros((TILE, TILE), complex)
    spectrum[band()] = phases(key)
    wave = np.fft.ifft2(spectrum).real
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
    grid = np.meshgrid(np.mod(x, TILE) + 4, np.mod(y, TILE) + 4)
    padded = np.pad(tile(key), 4, mode="wrap")
    return cv2.remap(padded, *(axis.astype(np.float32) for axis in grid), cv2.INTER_CUBIC)


class Watermark:
    """Marks the frames of one film.

    Args:
        size: width and height of the frames, px.
        key: any text; whoever knows it can detect the mark.

    Example:
        >>> grey = np.full((360, 640, 3), 128, np.uint8)
        >>> marked = Watermark((640, 360)).embed(grey)
        >>> int(np.abs(marked.astype(int) - grey).max()) in (2, 3)
        True
    """

    def __init__(self, size: tuple[int, int], key: str = PUBLIC_KEY) -> None:
        self._pattern = pattern(key, size)

    def embed(
        self, frame: UInt8[np.ndarray, "H W c"], source: UInt8[np.ndarray, "H W 3"] | None = None
    ) -> UInt8[np.ndarray, "H W c"]:
        """Return a marked copy of a frame.

        Args:
            frame: RGB, or RGB and opacity; transparent pixels stay as they are.
            source: the footage's frame; pixels that are equal to it were not generated and stay as they are.
        """
        if source is frame:
            return frame
        result = np.empty_like(frame)
        _embed(frame, frame[..., :3] if source is None else source, source is not None, self._pattern, result)
        return result


@numba.njit(cache=True, nogil=True)
def _embed(frame: np.ndarray, source: np.ndarray, compare: bool, wave: np.ndarray, out: np.ndarray) -> None:  # noqa: FBT001
    height, width, channels = frame.shape
    slope = np.float32((BUSY - FLAT) / TEXTURE)
    for y in range(height):
        above, below = max(y - REACH, 0), min(y + REACH, height - 1)
        for x in range(width):
            red, green, blue = frame[y, x, 0], frame[y, x, 1], frame[y, x, 2]
            added = 0
            same = compare and red == source[y, x, 0] and green == source[y, x, 1] and blue == source[y, x, 2]
            if not same and (channels == 3 or frame[y, x, 3] > 0):
                left, right = max(x - REACH, 0), min(x + REACH, width - 1)
                across = abs(np.int32(frame[y, left, 1]) - np.int32(frame[y, right, 1]))
                down = abs(np.int32(frame[above, x, 1]) - np.int32(frame[below, x, 1]))
                gain = np.float32(FLAT) + slope * min(np.float32(across + down), np.float32(TEXTURE))
                added = int(np.rint(wave[y, x] * gain))
            out[y, x, 0] = min(max(np.int32(red) + added, 0), 255)
            out[y, x, 1] = min(max(np.int32(green) + added, 0), 255)
            out[y, x, 2] = min(max(np.int32(blue) + added, 0), 255)
            if channels == 4:
                out[y, x, 3] = frame[y, x, 3]
