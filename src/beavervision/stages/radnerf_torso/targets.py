"""Training targets of the torso from a frame's label map, continued under the head."""

from __future__ import annotations

from enum import IntEnum

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from beavervision.compositing.seam import HEAD
from beavervision.types import Label

BODY = (Label.NECK, Label.TORSO)

RIM = 1.5
"""Width of the mixed pixels on either side of the head's outline, canvas pixels: no target for the torso alone."""

PADDING = 2.0
"""Width of the padding next to the footage's border that counts as footage, pixels."""

SPECK = 0.02
"""Pieces of body smaller than this share of the largest are mislabelled (inside of the mouth, gap of a collar)."""

LEAST_NECK = 0.001
"""Smallest share of neck on the canvas from which its colour is used: a collar may hide the neck."""


class TorsoTarget(IntEnum):
    """Training target of a pixel."""

    UNKNOWN = 0
    """No target: a hand, another object, padding, or the head far from the body."""
    BODY = 1
    """The pixel's colour, opaque."""
    EMPTY = 2
    """Not the torso: the background is visible."""
    UNDER = 3
    """Opaque, in the colour of the nearest body pixel: hidden by the head where it meets the body."""
    SEAM = 4
    """Mixture of head and torso: only their composite is known."""
    EDGE = 5
    """Mixture of body and background: only the torso over the background is known."""


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
        labels: `types.Label` of each pixel.
        inside: False where the canvas lies outside the footage.
        reach: distance that the torso continues under the head, from the border between both, pixels.
        detail: pixels per pixel of the head's canvas, along each axis.
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
    # Padding repeats the footage's border: within the range of interpolation it continues the torso.
    kind[(_distance(inside) > PADDING) | np.isin(labels, (Label.HAND, Label.OTHER))] = TorsoTarget.UNKNOWN
    if under.any():
        neck = body & (labels == Label.NECK)
        neck = neck if neck.mean() >= LEAST_NECK else body
        part = _around(under | neck, reach + rim)
        hidden = _hidden_colour(rgb[part], labels[part] == Label.HAIR, body[part], neck[part], rim)
        colour[part] = np.where(under[part][..., None], hidden, rgb[part])
    return colour, kind


def _outline(body: np.ndarray, background: np.ndarray, rim: float) -> np.ndarray:
    """Pixels within `rim` of body and background: the camera mixes them, and labels are as inaccurate."""
    return (_distance(body) <= rim) & (_distance(background) <= rim) & (body | background)


def keep_connected_body(labels: UInt8[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Neck and torso without small disconnected pieces."""
    body = np.isin(labels, BODY)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(body.astype(np.uint8), connectivity=8)
    if count <= 2:
        return body
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    return np.isin(pieces, np.flatnonzero(area >= SPECK * area.max()))


def _around(mask: np.ndarray, room: float) -> tuple[slice, slice]:
    """Rows and columns of the mask's bounding box with a margin of `room` pixels."""
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
    """Estimated colour under the head: behind the face that of the nearest neck, behind hair of the nearest body."""
    hidden = rgb[_nearest(_core(neck, rim))]
    if hair.any():
        hidden = np.where(hair[..., None], rgb[_nearest(_core(body, rim))], hidden)
    return cv2.GaussianBlur(hidden, (0, 0), rim)


def _nearest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the mask's nearest pixel, for every pixel."""
    _, index = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    where = np.empty((int(index.max()) + 1, 2), np.int64)
    where[index[mask]] = np.column_stack(np.nonzero(mask))
    found = where[index]
    return found[..., 0], found[..., 1]
