"""Lays a drawn lower face into its frame, with the footage's own detail; only pixels inside the patch's box change.

`face_pixels` computes the pixels that change, compiled. `face_pixels_plainly` computes the same with whole arrays; the
tests compare both.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.detail_transfer import (
    GRID_STEP,
    flow_spline,
    grid_size,
    landmark_flow,
    outside_lips,
    transfer_detail,
)
from beavervision.compositing.layers import blend, quantise
from beavervision.compositing.seam import FRONT
from beavervision.inference.head_detail import clear_of_occluders
from beavervision.inference.lower_face_track import FaceTarget
from beavervision.stages.lower_face.patch_geometry import (
    PatchGeometry,
    frame_box,
    inverse,
    map_points,
    opencv_affine,
    shifted_to,
    smoothed_for,
    warp,
)
from beavervision.video.planar_picture import Box, Picture


@dataclass(frozen=True)
class DrawnFace:
    """The lower face of one person in one frame, on its patch, [0, 255]."""

    target: FaceTarget
    new: Float[np.ndarray, "S S 3"]
    """With the motion that is wanted."""
    own: Float[np.ndarray, "S S 3"] | None
    """With the footage's own motion; None where no detail is carried."""


def face_box(face: DrawnFace, geometry: PatchGeometry, frame: tuple[int, int]) -> Box | None:
    """Pixels of a frame of `frame` = (width, height) in which anything may change; None where nothing does."""
    left, top, right, bottom = frame_box(face.target.to_patch, geometry.size, frame)
    return None if right <= left or bottom <= top or face.target.share <= 0 else (left, top, right, bottom)


def lay_face(face: DrawnFace, geometry: PatchGeometry, picture: Picture, labels: UInt8[np.ndarray, "H W"]) -> Picture:
    """A frame with one drawn lower face.

    Args:
        face: drawn.
        geometry: of its patch.
        picture: the frame.
        labels: its label map; what stands before the face stays on top.
    """
    box = face_box(face, geometry, picture.size)
    if box is None:
        return picture
    part = (slice(box[1], box[3]), slice(box[0], box[2]))
    return picture.with_part(face_pixels(face, geometry, picture.part(box), labels[part], box), box)


def face_pixels(
    face: DrawnFace,
    geometry: PatchGeometry,
    source: UInt8[np.ndarray, "h w 3"],
    labels: UInt8[np.ndarray, "h w"],
    box: Box,
) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels of a box with one drawn lower face.

    Args:
        face: drawn.
        geometry: of its patch.
        source: the frame's pixels inside the box.
        labels: of the label map, inside the box; what stands before the face stays on top.
        box: see `face_box`.
    """
    from beavervision.compositing.numba_detail import lay_patch, matte_in_box, missing_detail

    target, corner = face.target, np.array(box[:2])
    source = np.ascontiguousarray(source)
    height, width, _ = source.shape
    to_patch = shifted_to(target.to_patch, box[0], box[1])
    from_patch, place = inverse(to_patch), opencv_affine(to_patch).astype(np.float32)
    clear = _clear(labels)
    matte, spans = np.empty((height, width), np.float32), np.empty((height, 2), np.int64)
    matte_in_box(smoothed_for(geometry.matte, from_patch), place, np.float32(target.share), clear, matte, spans)
    carried = None
    if face.own is not None:
        own, new = target.own - corner, target.new - corner
        columns, rows = grid_size((width, height))
        coarse = np.zeros((rows, columns, 2), np.float32)
        if not np.array_equal(own, new):
            still = map_points(from_patch, geometry.border_points)
            coarse = flow_spline(own[None], new, still).on_grid(GRID_STEP, columns, rows)[0]
        detail = np.empty((height, width, 3), np.float32)
        missing_detail(source, smoothed_for(face.own, from_patch), place, coarse, clear, spans, detail)
        carried = detail, coarse, GRID_STEP, outside_lips(own, new, (width, height))
    result = source.copy()
    lay_patch(source, smoothed_for(face.new, from_patch), place, matte, spans, carried, result)
    return result


def face_pixels_plainly(
    face: DrawnFace,
    geometry: PatchGeometry,
    source: UInt8[np.ndarray, "h w 3"],
    labels: UInt8[np.ndarray, "h w"],
    box: Box,
) -> UInt8[np.ndarray, "h w 3"]:
    """Twin of `face_pixels`: one step after the other, on all pixels of the box."""
    target, corner = face.target, np.array(box[:2])
    size = (source.shape[1], source.shape[0])
    from_patch = inverse(shifted_to(target.to_patch, box[0], box[1]))
    matte = np.clip(warp(geometry.matte, from_patch, size, cv2.INTER_LINEAR), 0, 1) * target.share
    clear = clear_of_occluders(labels)
    made = warp(face.new, from_patch, size)
    if face.own is not None:
        faces = target.own - corner, target.new - corner
        flow = landmark_flow(*faces, size, map_points(from_patch, geometry.border_points))
        own = warp(face.own, from_patch, size)
        made = transfer_detail(made, own, source, flow, outside_lips(*faces, size), clear)
    return blend(quantise(made / np.float32(255)), source, matte * clear)


def _clear(labels: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """See `clear_of_occluders`; an empty array where nothing stands before the face."""
    front = (labels == FRONT[0]) | (labels == FRONT[1])
    return clear_of_occluders(labels) if front.any() else np.zeros((0, 0), np.float32)
