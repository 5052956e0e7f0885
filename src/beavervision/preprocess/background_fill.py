"""Fills the part of a background that nobody ever saw, so that its outline does not show.

Far inside, the fill is smooth: what is there is not known. At the outline it continues the picture by reflection: a
pixel d pixels inside looks like the one d pixels outside. So neither colour nor texture has a step there, which would
draw the outline of the person round an avatar that moves.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

FILL_SIDE = 256
"""Longer side at which the smooth fill is computed: it has no detail."""
SMOOTH_SIGMA = 3.0
"""Standard deviation of the smoothing of the smooth fill, px at FILL_SIDE."""
REFLECTED = 0.03
"""Depth, in frame heights, at which half of the reflection has given way to the smooth fill; a head that nods or leans
moves by about as much."""
MIXED = 1.5
"""Distance from a hole, px, within which interpolation between pixels would reach into it."""
CALM_SIGMA = 0.001
"""Standard deviation, in frame heights, of the smoothing of the reflection's direction, whose outline is ragged."""


def fill_unseen(plate: UInt8[np.ndarray, "H W 3"], holes: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """The plate with its holes filled.

    Args:
        plate: background; any values in the holes.
        holes: pixels that are not known.
    """
    if not holes.any() or holes.all():
        return plate
    depth, reflected = _reflection(plate, holes)
    share = np.exp2(-((depth / (REFLECTED * plate.shape[0])) ** 2))[..., None]
    filled = share * reflected + (1 - share) * _smooth_fill(plate, holes)
    return np.where(holes[..., None], (np.clip(filled, 0, 255) + 0.5).astype(np.uint8), plate)


def _reflection(
    plate: UInt8[np.ndarray, "H W 3"], holes: Bool[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "H W"], Float[np.ndarray, "H W 3"]]:
    """Depth of each pixel in its hole, px, and the known picture reflected at the outline."""
    height, width = holes.shape
    place = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    depth, nearest = _nearest(holes)
    away, outside = _nearest(~holes)
    # Outside, the way to the hole has the other sign: smoothed, the field is zero at the outline, where nothing jumps.
    outward = np.where(holes[..., None], nearest - place, place - outside)
    outward = cv2.GaussianBlur(outward, (0, 0), max(0.5, CALM_SIGMA * height))
    # Where the mirror image lies in a hole again, the outline's own pixel stands in, then the smooth fill.
    x, y = cv2.split(place + 2 * outward)
    known = (away > MIXED).astype(np.float32)
    there = cv2.remap(known, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)[..., None]
    source = plate.astype(np.float32)
    mirrored = cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    outline = source[nearest[..., 1].astype(int), nearest[..., 0].astype(int)]
    return depth, np.where(there > 0, mirrored, outline)


def _nearest(mask: Bool[np.ndarray, "H W"]) -> tuple[Float[np.ndarray, "H W"], Float[np.ndarray, "H W 2"]]:
    """Distance of each pixel from the nearest one outside the mask, px, and that pixel (column, row)."""
    depth, label = cv2.distanceTransformWithLabels(
        mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(~mask)
    table = np.zeros((int(label.max()) + 1, 2), np.float32)
    table[label[rows, columns]] = np.stack([columns, rows], 1)
    return depth, table[np.asarray(label, np.int64)]


def _smooth_fill(plate: UInt8[np.ndarray, "H W 3"], holes: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """The holes inpainted from their outline (Telea 2004) at reduced size, then smoothed."""
    height, width = holes.shape
    factor = min(1.0, FILL_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    inside = cv2.resize(holes.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    # The known pixels of each cell alone: what is in the holes has no meaning.
    weight = cv2.resize((~holes).astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(plate * (~holes)[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = (small / np.maximum(weight, 1e-6)).astype(np.uint8)
    empty = inside & (weight[..., 0] < 1e-3)
    filled = cv2.inpaint(small, empty.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    soft = np.where(inside[..., None], cv2.GaussianBlur(filled, (0, 0), SMOOTH_SIGMA), filled)
    return cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
