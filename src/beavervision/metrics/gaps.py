"""Gaps: transparent pixels inside a rendered person."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

OPAQUE = 128
"""Opacity from which a pixel belongs to the person."""


def gap_pixels(alpha: UInt8[np.ndarray, "H W"]) -> int:
    """Number of background pixels inside a person with the arms down: in the neck, between the teeth, in the clothes.

    A pixel is inside if the person is to its left and right, above and below. Parts that are cut off from the largest
    piece of the person count as well, so that a slit across the whole neck is counted.

    Args:
        alpha: opacity of the person, 0 .. 255.

    Example:
        >>> alpha = np.full((9, 9), 255, np.uint8)
        >>> alpha[3:5, 4] = 0
        >>> gap_pixels(alpha)
        2
    """
    person = alpha >= OPAQUE
    around = np.ones_like(person)
    for axis in (0, 1):
        for one in (person, np.flip(person, axis)):
            seen = np.logical_or.accumulate(one, axis)
            around &= seen if one is person else np.flip(seen, axis)
    count, _, stats, _ = cv2.connectedComponentsWithStats(person.astype(np.uint8), connectivity=8)
    pieces = np.sort(stats[1:count, cv2.CC_STAT_AREA])
    return int((around & ~person).sum() + pieces[:-1].sum())


def neck_pixels(
    jaw: Float[np.ndarray, "K 2"], collar: float, person: Bool[np.ndarray, "H W"], rim: float
) -> Bool[np.ndarray, "H W"]:
    """Mask of the neck: below the jaw, above the collar, between the jaw's corners.

    Limited to pixels where the footage shows the person in this pose: below a chin turned aside, background is correct.

    Args:
        jaw: outline of the jaw from corner to corner, px, x to the right, y down, with closed mouth, so that the area
            that an opening jaw uncovers lies below it.
        collar: y of the collar, px.
        person: pixels of head, neck and torso in the footage.
        rim: width in pixels of a margin along the outline that is excluded.

    Example:
        >>> jaw = np.array([[2.0, 3.0], [4.0, 5.0], [6.0, 3.0]])
        >>> neck_pixels(jaw, 7.0, np.ones((9, 9), bool), rim=0)[:, 2:6].astype(int)
        array([[0, 0, 0, 0],
               [0, 0, 0, 0],
               [0, 0, 0, 0],
               [0, 0, 0, 0],
               [1, 0, 0, 1],
               [1, 1, 1, 1],
               [1, 1, 1, 1],
               [0, 0, 0, 0],
               [0, 0, 0, 0]])
    """
    jaw = jaw[np.argsort(jaw[:, 0], kind="stable")]
    # Pixel centres are at +0.5.
    rows, columns = (np.arange(n) + 0.5 for n in person.shape)
    line = np.interp(columns, jaw[:, 0], jaw[:, 1], left=np.inf, right=np.inf)
    inside = person if person.all() else cv2.distanceTransform(person.astype(np.uint8), cv2.DIST_L2, 5) > rim
    return (rows[:, None] > line) & (rows[:, None] < collar) & inside


def neck_gap_pixels(
    alpha: UInt8[np.ndarray, "H W"], neck: Bool[np.ndarray, "H W"], core: Bool[np.ndarray, "H W"]
) -> int:
    """Number of background pixels in the neck: enclosed by the person, or open to a side and deep.

    A neck that is slightly too narrow has no gap; a slit across the neck reaches its core.

    Args:
        alpha: opacity of the person, 0 .. 255.
        neck: see `neck_pixels`.
        core: a smaller neck mask, further from the outline.
    """
    person = alpha >= OPAQUE
    left = np.logical_or.accumulate(person, 1)
    right = np.flip(np.logical_or.accumulate(np.flip(person, 1), 1), 1)
    return int((~person & (core | (neck & left & right))).sum())
