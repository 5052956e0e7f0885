"""Gaps: pixels of a cut-out person through which the background shows where it cannot."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

OPAQUE = 128
"""Opacity from which on the person counts as being there."""


def gap_pixels(alpha: UInt8[np.ndarray, "H W"]) -> int:
    """Pixels of background inside a person without arms akimbo: in the neck, between the teeth, in the clothes.

    A pixel is inside when there is the person to its left and right, above and below; and whatever is cut off from
    the largest piece of the person counts, too, so that a slit right across the neck is no way out.

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
