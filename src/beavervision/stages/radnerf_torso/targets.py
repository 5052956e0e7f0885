"""Training targets of the torso from a frame's label map, continued under the head."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from beavervision.types import Label

BODY = (Label.NECK, Label.TORSO)
HEAD = (Label.HAIR, Label.FACE)

RIM = 1.5
"""Canvas pixels on either side of the head's outline that mix head and torso: no target for the torso alone."""

PADDING = 2.0
"""Pixels of padding, next to the footage's border, that count as footage."""

SPECK = 0.02
"""Pieces of body smaller than this share of the largest are mislabelled (a mouth's inside, a collar's gap)."""

LEAST_NECK = 0.001
"""Share of the canvas that has to be neck for its colour to count: a collar may hide it."""


class TorsoTarget(IntEnum):
    """What is asked of the torso at a pixel."""

    UNKNOWN = 0
    """Nothing: a hand, something else, padding, or the head far from the body."""
    BODY = 1
    """The picture's own colour, opaque."""
    EMPTY = 2
    """Nothing of the torso: the background shows."""
    UNDER = 3
    """Opaque, in the colour of the nearest body pixel: what the head hides where it meets the body."""
    SEAM = 4
    """Head and torso mix here: only their composite is known."""
    EDGE = 5
    """Body and background mix here: only the torso over the background is known."""


def torso_targets(
    rgb: UInt8[np.ndarray, "H W 3"],
    labels: UInt8[np.ndarray, "H W"],
    inside: Bool[np.ndarray, "H W"],
    reach: float,
    detail: float = 1.0,
) -> tuple[UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "H W"]]:
    """Colour and `TorsoTarget` of every pixel.

    Args:
        rgb: the frame on its canvas.
        labels: `types.Label` of its pixels.
        inside: False where the canvas sticks out of the footage.
        reach: pixels that the torso continues under the head, from where the two meet.
        detail: pixels for each pixel of the canvas that the head is rendered on, along each axis.
    """
    body, head = keep_connected_body(labels), np.isin(labels, HEAD)
    rim, from_body = RIM * detail, _distance(body)
    under = head & (from_body <= reach)
    colour, kind = rgb.copy(), np.zeros(labels.shape, np.uint8)
    kind[labels == Label.BACKGROUND] = TorsoTarget.EMPTY
    kind[under] = TorsoTarget.UNDER
    kind[body] = TorsoTarget.BODY
    kind[_outline(body, labels == Label.BACKGROUND, rim)] = TorsoTarget.EDGE
    kind[(_distance(head) <= rim) & (from_body <= rim)] = TorsoTarget.SEAM
    # Padding repeats the footage's border: as far as interpolation looks, that is what continues the torso.
    kind[(_distance(inside) > PADDING) | np.isin(labels, (Label.HAND, Label.OTHER))] = TorsoTarget.UNKNOWN
    if under.any():
        neck = body & (labels == Label.NECK)
        neck = neck if neck.mean() >= LEAST_NECK else body
        part = _around(under | neck, reach + rim)
        hidden = _hidden_colour(rgb[part], labels[part] == Label.HAIR, body[part], neck[part], rim)
        colour[part] = np.where(under[part][..., None], hidden, rgb[part])
    return colour, kind


def _outline(body: np.ndarray, background: np.ndarray, rim: float) -> np.ndarray:
    """Pixels within `rim` of body and background: a camera mixes them, and labels err by as much."""
    return (_distance(body) <= rim) & (_distance(background) <= rim) & (body | background)


def keep_connected_body(labels: UInt8[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Neck and torso without specks."""
    body = np.isin(labels, BODY)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(body.astype(np.uint8), connectivity=8)
    if count <= 2:
        return body
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    return np.isin(pieces, np.flatnonzero(area >= SPECK * area.max()))


def _around(mask: np.ndarray, room: float) -> tuple[slice, slice]:
    """Rows and columns that hold the mask and `room` pixels round it."""
    margin = int(np.ceil(room)) + 2
    rows, columns = (
        slice(max(0, int(line[0]) - margin), int(line[-1]) + margin + 1)
        for line in (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    )
    return rows, columns


def _distance(mask: np.ndarray) -> np.ndarray:
    """Distance in pixels to the mask, 0 on it; infinite where there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _core(mask: np.ndarray, radius: float) -> np.ndarray:
    """Mask without its outermost `radius` pixels, whose colours are mixed; where it is thinner, its middle."""
    depth = _distance(~mask)
    return depth >= min(radius + 0.5, float(depth.max()))


def _hidden_colour(rgb: np.ndarray, hair: np.ndarray, body: np.ndarray, neck: np.ndarray, rim: float) -> np.ndarray:
    """What the head is taken to hide: behind the face the nearest skin of the neck, behind hair the nearest body."""
    hidden = rgb[_nearest(_core(neck, rim))]
    if hair.any():
        hidden = np.where(hair[..., None], rgb[_nearest(_core(body, rim))], hidden)
    return cv2.GaussianBlur(hidden, (0, 0), rim)


def _nearest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column, for every pixel, of the mask's nearest pixel."""
    _, index = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    where = np.empty((int(index.max()) + 1, 2), np.int64)
    where[index[mask]] = np.column_stack(np.nonzero(mask))
    found = where[index]
    return found[..., 0], found[..., 1]
