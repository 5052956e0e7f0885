"""Detail transfer for a generated head: the footage's own detail is carried along with its new motion."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.detail_transfer import landmark_flow, outside_lips, transfer_detail
from beavervision.compositing.layers import feather, grow
from beavervision.compositing.seam import FRONT

FRONT_ROOM, FRONT_SOFT = 1.0, 2.0
"""Pixels round it that stay the footage's too, and pixels over which the generated face begins beside it."""
BORDER = 6
"""Points along each side of the box that stay where they are."""


def clear_of_occluders(labels: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 where nothing stands before the face, 0 where something does, soft between."""
    front = np.isin(labels, FRONT)
    if not front.any():
        return np.ones(labels.shape, np.float32)
    return feather(~grow(front, FRONT_ROOM), FRONT_SOFT)


def carry_head_detail(
    made: UInt8[np.ndarray, "H W 3"],
    own: UInt8[np.ndarray, "H W 3"],
    source: UInt8[np.ndarray, "H W 3"],
    faces: tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]],
    labels: UInt8[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W 3"]:
    """A dubbed frame with the footage's detail; only pixels that the dub changed are changed again.

    Args:
        made: the frame with the new motion.
        own: the frame with the footage's own motion, by the same renderer.
        source: the footage.
        faces: landmarks of the footage's own motion and of the new one, px.
        labels: of the footage; the detail of what stands before the face is not carried.
    """
    changed = (made != source).any(-1) | (own != source).any(-1)
    if not changed.any():
        return made
    rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    height, width = changed[part].shape
    corner = np.array([columns[0], rows[0]])
    before, after = faces[0] - corner, faces[1] - corner
    along = np.linspace(0, 1, BORDER)
    sides = [(along, 0 * along), (along, 0 * along + 1), (0 * along, along), (0 * along + 1, along)]
    still = np.unique(np.concatenate([np.column_stack(side) for side in sides]), axis=0) * (width, height)
    flow = landmark_flow(before, after, (width, height), still)
    detailed = transfer_detail(
        made[part].astype(np.float32),
        own[part].astype(np.float32),
        source[part],
        flow,
        outside_lips(before, after, (width, height)),
        clear_of_occluders(labels[part]),
    )
    result = made.copy()
    result[part] = np.where(changed[part][..., None], (detailed + 0.5).astype(np.uint8), made[part])
    return result
