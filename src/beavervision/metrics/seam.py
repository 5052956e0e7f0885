"""Seam: visibility of the border of a pasted image region."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

SPECK = 3
"""Changed regions smaller than this, in pixels, are not treated as pasted."""


def seam_gradients(
    picture: UInt8[np.ndarray, "H W 3"],
    source: UInt8[np.ndarray, "H W 3"],
    width: float,
    counted: Bool[np.ndarray, "H W"] | None = None,
) -> tuple[float, float]:
    """Mean gradient across the border of the changed region, in the composite and in its source.

    The border is where both images begin to differ. The gradient is that of the luminance along the border's normal
    (central differences, pixel values per pixel). A visible seam raises the first number, blur lowers it.

    Args:
        picture: the composite.
        source: the image without the pasted region.
        width: width of the band inside the border, px.
        counted: mask of pixels to use; None for all.

    Returns:
        Gradients of the composite and of the source; NaN where nothing changed.

    Example:
        >>> source = np.full((40, 40, 3), 100, np.uint8)
        >>> pasted = source.copy()
        >>> pasted[:, 20:] = 120
        >>> seam_gradients(pasted, source, width=1)
        (10.0, 0.0)
    """
    changed = (picture != source).any(-1).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((SPECK, SPECK), np.uint8))
    # Pixels inside the region that are equal to the source by chance are no border.
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(changed, outlines, -1, (1,), cv2.FILLED)
    # Distance to the nearest pixel that is the source's: positive inside, so that its slope is the border's normal.
    depth = _distance(changed) - _distance(1 - changed)
    ring = (depth > 0) & (depth <= width) if counted is None else (depth > 0) & (depth <= width) & counted
    if not ring.any():
        return float("nan"), float("nan")
    normal = _slope(cv2.GaussianBlur(depth, (0, 0), 1.0))
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    across = (np.abs((_slope(_luminance(one)) * normal).sum(-1))[ring].mean() for one in (picture, source))
    first, second = (round(float(value), 4) for value in across)
    return first, second


def _distance(mask: np.ndarray) -> Float[np.ndarray, "H W"]:
    return cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _luminance(rgb: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W"]:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _slope(values: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 2"]:
    """Central differences to the right and down."""
    down, right = np.gradient(values)
    return np.stack([right, down], -1)
