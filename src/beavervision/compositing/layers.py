"""Blends images: mattes, linear-light blending, and pasting a canvas into its frame.

Images are RGB uint8; mattes are float in [0, 1], 1 where the upper image shows. Light adds up linearly, pixel values do
not: an equal mixture of black and white is 188, not 128. `blend` therefore mixes intensities (IEC 61966-2-1), which
prevents dark borders.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

LINEAR_STEPS = 1 << 16
"""Number of steps of the table from linear intensity to pixel value, so that every uint8 value survives a round
trip."""


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Return tables of the sRGB curve: uint8 -> linear, and round(linear x (LINEAR_STEPS - 1)) -> uint8."""
    value = np.arange(256) / 255
    to_linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    light = np.arange(LINEAR_STEPS) / (LINEAR_STEPS - 1)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return to_linear.astype(np.float32), np.round(shown * 255).astype(np.uint8)


TO_LINEAR, FROM_LINEAR = _tables()


def to_linear(rgb: UInt8[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """Linear intensity in [0, 1] of sRGB pixel values."""
    return TO_LINEAR[rgb]


def from_linear(light: Float[np.ndarray, "*s"]) -> UInt8[np.ndarray, "*s"]:
    """Convert linear intensities to sRGB pixel values; values outside [0, 1] are clipped."""
    steps = np.clip(light, 0, 1) * (LINEAR_STEPS - 1) + 0.5
    return FROM_LINEAR[steps.astype(np.uint16)]


def quantise(rgb: Float[np.ndarray, "*s"]) -> UInt8[np.ndarray, "*s"]:
    """Convert an image in [0, 1] to pixel values, rounded to the nearest."""
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)


def blend(
    top: UInt8[np.ndarray, "H W 3"],
    bottom: UInt8[np.ndarray, "H W 3"],
    matte: Float[np.ndarray, "H W"] | float,
) -> UInt8[np.ndarray, "H W 3"]:
    """Blend two images in linear light: exactly `top` where `matte` is 1, exactly `bottom` where it is 0.

    Example:
        >>> white, black = np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)
        >>> int(blend(white, black, 0.5)[0, 0, 0])
        188
    """
    shares = np.full(top.shape[:2], matte, np.float32) if np.ndim(matte) == 0 else np.asarray(matte)
    result = np.where((shares >= 1)[..., None], top, bottom)
    # Few pixels are really mixed, those along the borders of mattes: only they are converted to linear light.
    mixed = np.nonzero((shares > 0) & (shares < 1))
    share = shares[mixed].astype(np.float32)[:, None]
    result[mixed] = from_linear(to_linear(bottom[mixed]) * (1 - share) + to_linear(top[mixed]) * share)
    return result


def over(top: UInt8[np.ndarray, "H W 4"], bottom: UInt8[np.ndarray, "H W 4"]) -> UInt8[np.ndarray, "H W 4"]:
    """Composite one RGBA image over another in linear light; colours are not premultiplied, in inputs and output.

    Example:
        >>> white, black = np.full((1, 1, 4), 255, np.uint8), np.array([[[0, 0, 0, 255]]], np.uint8)
        >>> white[..., 3] = 51  # a fifth: light 0.2, which is sRGB 124
        >>> over(white, black)[0, 0].tolist()
        [124, 124, 124, 255]
    """
    above, below = (picture[..., 3].astype(np.float32) / 255 for picture in (top, bottom))
    return _joined(top, above, bottom, below * (1 - above))


def cross_fade(
    top: UInt8[np.ndarray, "H W 4"], bottom: UInt8[np.ndarray, "H W 4"], matte: Float[np.ndarray, "H W"]
) -> UInt8[np.ndarray, "H W 4"]:
    """Cross-fade two RGBA images: `top` where `matte` is 1, `bottom` where it is 0."""
    above, below = (picture[..., 3].astype(np.float32) / 255 for picture in (top, bottom))
    return _joined(top, above * matte, bottom, below * (1 - matte))


def _joined(
    top: UInt8[np.ndarray, "H W 4"], above: np.ndarray, bottom: UInt8[np.ndarray, "H W 4"], below: np.ndarray
) -> UInt8[np.ndarray, "H W 4"]:
    """RGBA mixture of two images with given weights."""
    total = above + below
    colour = np.where((above >= below)[..., None], top[..., :3], bottom[..., :3])
    mixed = np.nonzero((above > 0) & (below > 0))
    share = (above[mixed] / total[mixed])[:, None].astype(np.float32)
    colour[mixed] = from_linear(
        to_linear(top[..., :3][mixed]) * share + to_linear(bottom[..., :3][mixed]) * (1 - share)
    )
    return np.dstack([colour, quantise(total)])


def feather(mask: Bool[np.ndarray, "H W"], radius: float) -> Float[np.ndarray, "H W"]:
    """Soft matte of a mask: 0 outside, rising smoothly to 1 at `radius` pixels inside its border.

    The image border does not count as the mask's border (a body that is cut by the frame stays whole there).
    """
    if radius <= 0:
        return mask.astype(np.float32)
    if mask.all():
        return np.ones(mask.shape, np.float32)
    # The distance to the nearest pixel outside is 1 for a border pixel: its centre lies half a pixel inside.
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    share = np.clip(depth / radius, 0, 1).astype(np.float32)
    return share * share * (3 - 2 * share)


def grow(mask: Bool[np.ndarray, "H W"], radius: float) -> Bool[np.ndarray, "H W"]:
    """Dilate a mask by `radius` pixels."""
    if radius <= 0 or not mask.any():
        return mask
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= radius


def border_matte(
    width: int, height: int, radius: float, sides: tuple[bool, bool, bool, bool] = (True, True, True, True)
) -> Float[np.ndarray, "H W"]:
    """Soft matte of a whole canvas: 1 inside, falling smoothly to 0 at the given `sides` (left, top, right, bottom)."""
    u, v = np.arange(width) + 0.5, np.arange(height) + 0.5
    never = max(radius, 1.0)
    across = np.minimum(u if sides[0] else never, width - u if sides[2] else never)
    down = np.minimum(v if sides[1] else never, height - v if sides[3] else never)
    depth = np.minimum(np.broadcast_to(across, width)[None], np.broadcast_to(down, height)[:, None])
    share = np.clip(depth / max(radius, 1e-6), 0, 1).astype(np.float32)
    return share * share * (3 - 2 * share)


def footprint(
    place: tuple[float, float, float], canvas: tuple[int, int], frame: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Pixels of the frame whose centres a canvas covers: x0, y0, x1, y1 (the ends excluded).

    Args:
        place: x0, y0, scale: canvas point (u, v) shows frame point (x0 + u / scale, y0 + v / scale).
        canvas: width and height of the canvas.
        frame: width and height of the frame.
    """
    x0, y0, scale = (float(value) for value in place)
    first = [int(np.ceil(start - 0.5 - 1e-6)) for start in (x0, y0)]
    last = [int(np.ceil(start + size / scale - 0.5 - 1e-6)) for start, size in zip((x0, y0), canvas, strict=True)]
    low = [min(max(value, 0), size) for value, size in zip(first, frame, strict=True)]
    high = [max(min(value, size), start) for value, size, start in zip(last, frame, low, strict=True)]
    return low[0], low[1], high[0], high[1]


def to_frame(
    canvas: np.ndarray, place: tuple[float, float, float], box: tuple[int, int, int, int], *, smooth: bool = True
) -> np.ndarray:
    """Resample a canvas at the frame pixels of `box`.

    Args:
        canvas: image or matte [h, w] or [h, w, c], of any dtype that OpenCV warps.
        place: x0, y0, scale of the canvas (see `footprint`).
        box: x0, y0, x1, y1 in frame pixels.
        smooth: cubic interpolation, else linear (for mattes: no overshoot).

    Returns:
        Array [y1 - y0, x1 - x0, ...].
    """
    x0, y0, scale = (float(value) for value in place)
    left, top, right, bottom = box
    if scale > 1:  # The canvas is finer than the frame: remove detail that the frame cannot show.
        canvas = cv2.GaussianBlur(canvas, (0, 0), 0.5 * np.sqrt(scale * scale - 1), borderType=cv2.BORDER_REPLICATE)
    # Frame index X has its centre at X + 0.5, so canvas index u = (X + 0.5 - x0) scale - 0.5.
    matrix = np.array(
        [[scale, 0, (left + 0.5 - x0) * scale - 0.5], [0, scale, (top + 0.5 - y0) * scale - 0.5]], np.float64
    )
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR)
    return cv2.warpAffine(canvas, matrix, (right - left, bottom - top), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def paste(
    frame: UInt8[np.ndarray, "H W 3"],
    canvas: UInt8[np.ndarray, "h w 3"],
    matte: Float[np.ndarray, "h w"],
    place: tuple[float, float, float],
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a copy of `frame` with `canvas` blended into its place in linear light.

    Pixels outside the canvas, or where the matte is 0, are unchanged.
    """
    height, width, _ = frame.shape
    box = footprint(place, (canvas.shape[1], canvas.shape[0]), (width, height))
    left, top, right, bottom = box
    result = frame.copy()
    if right > left and bottom > top:
        share = np.clip(to_frame(matte.astype(np.float32), place, box, smooth=False), 0, 1)
        region = result[top:bottom, left:right]
        result[top:bottom, left:right] = blend(to_frame(canvas, place, box), region, share)
    return result
