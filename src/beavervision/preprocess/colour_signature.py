"""Coarse colours of a face, its hair and the clothes below, independent of the pose."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop

SIZE = 48
"""Side of the crop from which the colours are measured, px."""

SIDE, BELOW = 3.2, 0.3
"""Side of the crop, and distance of its centre below the face's, in heights of the landmarks' box."""

REGIONS = {
    "skin": (0.25, -0.3, 0.3),
    "hair": (0.4, -0.85, -0.55),
    "clothes": (0.9, 0.85, 1.5),
}
"""Half width, top and bottom of each region relative to the box centre, in box heights."""

WEIGHTS = np.array([0.3, 0.3, 0.4])
"""Weight of each region."""

BINS = 8
"""Bins per channel; a pixel is shared between the two nearest bins."""

RANGES = np.array([[0.0, 255.0], [104.0, 168.0], [96.0, 176.0]])
"""Range of the bins of L, a and b (OpenCV's 8-bit Lab); it includes skin, hair and most clothes."""

LEAST = 0.4
"""Share of a region that must be inside the frame."""

LENGTH = len(REGIONS) * 3 * BINS
"""Length of a colour signature."""


def colour_signature(rgb: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"]) -> Float[np.ndarray, "72"]:
    """Histograms of L, a and b in each region, each with sum 1, or 0 where the region is outside the frame.

    Args:
        rgb: the frame.
        box: x0 y0 x1 y1 of the face's landmarks, px.
    """
    height, width = rgb.shape[:2]
    tall = float(box[3] - box[1])
    square = SquareCrop(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2 + BELOW * tall, SIDE * tall)
    lab = cv2.cvtColor(square.cut(rgb, SIZE), cv2.COLOR_RGB2LAB).astype(np.float32)
    axis = ((np.arange(SIZE) + 0.5) / SIZE - 0.5) * SIDE
    x, y = axis * tall + square.x, axis * tall + square.y
    inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))
    rows = []
    for half, top, bottom in REGIONS.values():
        region = ((axis + BELOW > top) & (axis + BELOW < bottom))[:, None] & (np.abs(axis) < half)
        seen = region & inside
        known = seen.sum() >= LEAST * region.sum()
        rows.append(_histograms(lab[seen]) if known else np.zeros(3 * BINS, np.float32))
    return np.concatenate(rows)


def colour_distance(a: Float[np.ndarray, "*b 72"], b: Float[np.ndarray, "*b 72"]) -> Float[np.ndarray, "*b"]:
    """Distance of two colour signatures: 0 equal, 1 no colour in common; NaN where they have no region in common.

    Mean over regions and channels of the Hellinger distance.
    """
    a, b = (p.reshape(*p.shape[:-1], len(REGIONS), 3, BINS) for p in (a, b))
    shared = np.sqrt(np.clip(a * b, 0, None)).sum(-1)
    known = (a.sum((-1, -2)) > 0) & (b.sum((-1, -2)) > 0)
    apart = np.sqrt(np.clip(1 - shared, 0, 1)).mean(-1)
    weights = WEIGHTS * known
    with np.errstate(invalid="ignore"):
        return (weights * apart).sum(-1) / weights.sum(-1)


def typical_signature(portraits: Float[np.ndarray, "n 72"]) -> Float[np.ndarray, "72"]:
    """Mean of the colour signatures, for each region over those that contain it."""
    rows = portraits.reshape(len(portraits), len(REGIONS), -1)
    known = rows.sum(-1, keepdims=True) > 0
    return (rows.sum(0) / np.maximum(known.sum(0), 1)).reshape(-1)


def _histograms(lab: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "24"]:
    """Soft histogram of each channel."""
    low, high = RANGES.T
    place = np.clip((lab - low) / (high - low), 0, 1) * (BINS - 1)
    left = np.minimum(place.astype(int), BINS - 2)
    share = (place - left) / len(lab)
    result = np.zeros((3, BINS))
    for channel in range(3):
        result[channel] += np.bincount(left[:, channel], 1 / len(lab) - share[:, channel], BINS)
        result[channel] += np.bincount(left[:, channel] + 1, share[:, channel], BINS)
    return result.astype(np.float32).reshape(-1)
