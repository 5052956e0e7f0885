"""Matches the colours of a pasted image to its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

ALIKE, OTHER = 24.0, 64.0
"""Limits of the difference in pixel values: below the first in every colour, two pixels show the same object in another
light; above the second in any colour, they show different objects and are not compared."""

DETAIL = 4.0
"""Reach in pixels after downscaling: the difference is smooth, so it is computed on a small image."""


def match_colours(
    top: UInt8[np.ndarray, "H W 3"],
    bottom: UInt8[np.ndarray, "H W 3"],
    ring: Float[np.ndarray, "H W"],
    reach: float,
) -> UInt8[np.ndarray, "H W 3"]:
    """Shift the colours of `top` by its low-frequency difference from `bottom` near a ring.

    On the ring both images agree on average over `reach`; the shift fades out over about the same distance.

    Args:
        top: image to be pasted.
        bottom: image that is pasted into.
        ring: weight of the pixels where both images should be equal.
        reach: standard deviation of the average, px.
    """
    difference = bottom.astype(np.float32) - top
    weight = ring * np.clip((OTHER - np.abs(difference).max(-1)) / (OTHER - ALIKE), 0, 1)
    if not (weight > 0).any():
        return top
    share = min(1.0, DETAIL / max(reach, 1e-6))
    size = (max(1, round(ring.shape[1] * share)), max(1, round(ring.shape[0] * share)))
    gathered = np.dstack([difference * weight[..., None], weight]).astype(np.float32)
    small = cv2.resize(gathered, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), reach * share, borderType=cv2.BORDER_REFLECT)
    total = blurred[..., 3]
    # A pixel counts as near the ring from half the weight of the ring itself.
    near = float(np.average(total, weights=small[..., 3])) / 2
    sure = np.clip(total / max(near, 1e-9), 0, 1)
    shift = blurred[..., :3] / np.maximum(total, 1e-9)[..., None] * sure[..., None]
    shift = cv2.resize(shift, (ring.shape[1], ring.shape[0]), interpolation=cv2.INTER_LINEAR)
    return (np.clip(top + shift, 0, 255) + 0.5).astype(np.uint8)
