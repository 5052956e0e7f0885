"""What each pixel asks of the head's field."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from beavervision.types import Label

OCCLUDER_MARGIN = 2
"""Pixels round hands and other occluders that are left out too: their outline is never exact."""

EDGE = 1
"""Pixels on either side of the head's outline against the background that are mixtures of both."""


class Target(IntEnum):
    """What a pixel asks of the head's field.

    The neck and the shoulders belong to the torso renderer, which is trained under the finished head. Below the
    chin there is a band in which both may be: the jaw drops into it when the mouth opens, and the outline there
    is a matter of taste. A head forced to be empty in it would be cut off straight under the chin and leave a
    seam; one forced to be opaque would carry a piece of neck about. So in the band the head may be anything as
    long as the picture is right: it is judged over the pixel's own colour, which an empty head leaves as it is.
    Everywhere else below, the head is told to be empty.
    """

    EMPTY = 0
    """Not the head: alpha 0 (judged over a random colour)."""
    HEAD = 1
    """Hair and face: the pixel's colour, opaque (judged over a random colour)."""
    FREE = 2
    """Neck just under the chin: judged over the pixel's own colour."""
    EDGE = 3
    """Outline against a known background: judged over that background, so that alpha may be a fraction."""
    IGNORED = 4
    """Occluded, or no footage: takes no part."""


def pixel_targets(
    labels: UInt8[np.ndarray, "H W"], inside: Bool[np.ndarray, "H W"], band: int, *, has_plate: bool
) -> UInt8[np.ndarray, "H W"]:
    """Targets of one frame.

    Args:
        labels: `types.Label` of each pixel.
        inside: False where the canvas shows no footage.
        band: height of the free band under the chin, pixels.
        has_plate: whether the background behind the person is known.
    """
    head = (labels == Label.HAIR) | (labels == Label.FACE)
    targets = head.astype(np.uint8)
    below = (labels == Label.NECK) | (labels == Label.TORSO)
    targets[below & _reach_down((labels == Label.FACE).astype(np.uint8), band)] = Target.FREE
    if has_plate:
        background = (labels == Label.BACKGROUND).astype(np.uint8)
        brush = np.ones((2 * EDGE + 1, 2 * EDGE + 1), np.uint8)
        near_both = (cv2.dilate(background, brush) & cv2.dilate(head.astype(np.uint8), brush)).astype(bool)
        targets[near_both & (targets != Target.FREE) & ~below] = Target.EDGE
    occluder = ((labels == Label.HAND) | (labels == Label.OTHER)).astype(np.uint8)
    if occluder.any():
        size = 2 * OCCLUDER_MARGIN + 1
        occluder = cv2.dilate(occluder, np.ones((size, size), np.uint8))
    targets[occluder.astype(bool) | ~inside] = Target.IGNORED
    return targets


def _reach_down(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Pixels at most `pixels` below (and a little beside) a pixel of the mask."""
    brush = np.ones((pixels + 1, 3), np.uint8)
    # cv2's anchor is the brush's point that lies on the result: at the bottom, so that it looks upwards.
    return cv2.dilate(mask, brush, anchor=(1, pixels)).astype(bool)
