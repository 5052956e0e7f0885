"""Bring the colours of a picture that is pasted in to those of the picture round it."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

ALIKE, OTHER = 24.0, 64.0
"""Pixel values: what differs by less in every colour is the same thing in another light; what differs by more in any
is something else and tells nothing."""

DETAIL = 4.0
"""The difference is smooth: it is worked out on a picture so small that its reach is this many pixels."""


def match_colours(
    top: UInt8[np.ndarray, "H W 3"],
    bottom: UInt8[np.ndarray, "H W 3"],
    ring: Float[np.ndarray, "H W"],
    reach: float,
) -> UInt8[np.ndarray, "H W 3"]:
    """Shift the colours of `top` by its low-frequency difference from `bottom` near a ring.

    On the ring the two agree on average over `reach`; the shift fades away within about as much from it.

    Args:
        top: what will be pasted.
        bottom: what it is pasted into.
        ring: weight of the pixels where both should show the same.
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
    # Half of what the ring itself gathers counts as near it.
    near = float(np.average(total, weights=small[..., 3])) / 2
    sure = np.clip(total / max(near, 1e-9), 0, 1)
    shift = blurred[..., :3] / np.maximum(total, 1e-9)[..., None] * sure[..., None]
    shift = cv2.resize(shift, (ring.shape[1], ring.shape[0]), interpolation=cv2.INTER_LINEAR)
    return (np.clip(top + shift, 0, 255) + 0.5).astype(np.uint8)
