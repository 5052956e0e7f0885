"""Training target of each pixel: empty, head, free, edge, soft or ignored."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from beavervision.types import Label

OCCLUDER_MARGIN = 2
"""Margin around hands and other occluders that is ignored, pixels: their outline is never exact."""

EDGE_PIXELS = 1
"""Width of the mixed pixels on either side of the head's outline against the background."""

CLEAR, SOLID = 5, 242
"""Opacities (of 255) below which a pixel is not head, and above which it is only head: 0.02 and 0.95."""

NEIGHBOUR_WEIGHT = 1 / 3
"""Distance from the body, as a share of the band, within which label maps are used instead of the matte: collars hide
the background, so that neither the plate nor the matte is valid there."""


class PixelTarget(IntEnum):
    """Training target of a pixel.

    Neck and shoulders belong to the torso renderer, which is trained afterwards under the finished head. In a band
    below the chin both may render, because an open mouth moves the jaw into it. A head forced to be empty in the band
    would be cut off under the chin and leave a seam; a head forced to be opaque would include a piece of neck.
    Therefore the error in the band is measured over the pixel's own colour, which does not penalise transparency.
    Everywhere else below the chin the head has to be empty.
    """

    EMPTY = 0
    """Not the head: alpha 0 (error over a random colour)."""
    HEAD = 1
    """Hair and face: the pixel's colour, opaque (error over a random colour)."""
    FREE = 2
    """Neck just below the chin: error over the pixel's own colour."""
    EDGE = 3
    """Outline against a known background: error over that background, so that alpha may be fractional."""
    IGNORED = 4
    """Occluded or outside the footage: ignored."""
    SOFT = 5
    """Outline against an unknown background: the pixel's colour, with the matte's opacity."""


def pixel_targets(
    labels: UInt8[np.ndarray, "H W"],
    matte: UInt8[np.ndarray, "H W"],
    inside: Bool[np.ndarray, "H W"],
    band: int,
    *,
    has_plate: bool,
) -> UInt8[np.ndarray, "H W"]:
    """Targets of one frame.

    Args:
        labels: `types.Label` of each pixel.
        matte: opacity of hair and face, 0 to 255.
        inside: False where the canvas lies outside the footage.
        band: height of the free band under the chin, pixels.
        has_plate: whether the background behind the person is known.
    """
    head = (labels == Label.HAIR) | (labels == Label.FACE)
    below = (labels == Label.NECK) | (labels == Label.TORSO)
    beside_body = _near(below, round(NEIGHBOUR_WEIGHT * band))
    targets = np.where(beside_body, head, matte > SOLID).astype(np.uint8)
    outline = (matte >= CLEAR) & (matte <= SOLID) & ~beside_body
    targets[below & _reach_down(labels == Label.FACE, band)] = PixelTarget.FREE
    if has_plate:
        near_both = _near(labels == Label.BACKGROUND, EDGE_PIXELS) & _near(head, EDGE_PIXELS)
        outline |= near_both & ~below & (targets != PixelTarget.FREE)
    targets[outline] = PixelTarget.EDGE if has_plate else PixelTarget.SOFT
    occluder = (labels == Label.HAND) | (labels == Label.OTHER)
    targets[_near(occluder, OCCLUDER_MARGIN) | ~inside] = PixelTarget.IGNORED
    return targets


def _near(mask: Bool[np.ndarray, "H W"], pixels: int) -> Bool[np.ndarray, "H W"]:
    """Pixels at most `pixels` away from the mask, along either axis."""
    size = 2 * pixels + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)).astype(bool)


def _reach_down(mask: Bool[np.ndarray, "H W"], pixels: int) -> Bool[np.ndarray, "H W"]:
    """Pixels at most `pixels` below (and slightly beside) a pixel of the mask."""
    brush = np.ones((pixels + 1, 3), np.uint8)
    # cv2's anchor is the kernel's point at the output pixel: at the bottom, so that the kernel covers pixels above.
    return cv2.dilate(mask.astype(np.uint8), brush, anchor=(1, pixels)).astype(bool)
