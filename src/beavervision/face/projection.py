"""Perspective projection of a posed face, and its derivatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from beavervision.face.camera import Camera

NEAREST_CM = 1.0
"""Points nearer to the camera than this count as behind it."""


class Projection(NamedTuple):
    """Projections of the points of F frames, and their derivatives; C = 2, or 3 with depth."""

    pixels: Float[np.ndarray, "F N C"]
    by_point: Float[np.ndarray, "F N C 3"]
    """Derivative by the point in head space, pixels per cm."""
    by_pose: Float[np.ndarray, "F N C 6"]
    """Derivative by a rotation in camera axes about the head's origin (pixels per radian), then by the shift (pixels
    per cm)."""
    by_log_focal: Float[np.ndarray, "F N C"]
    """Derivative by the log focal length, pixels."""


def project(
    points: Float[np.ndarray, "F N 3"],
    rotation: Float[np.ndarray, "F 3 3"],
    translation: Float[np.ndarray, "F 3"],
    camera: Camera,
    *,
    depth: bool = False,
) -> Float[np.ndarray, "F N C"]:
    """Project points in head space to pixels; NaN where a point is not in front of the camera.

    With `depth`, the third column is the depth of a point behind the head's origin along the line of sight to the head,
    in pixels at the head's distance: the unit of a face tracker's depth. A tracker measures along the line of sight:
    for it, a head at the border of the frame that faces the camera is frontal.
    """
    turned = points @ rotation.transpose(0, 2, 1)
    placed = turned + translation[:, None]
    placed[placed[..., 2] < NEAREST_CM] = np.nan
    pixels = camera.project(placed)
    if not depth:
        return pixels
    behind = turned @ line_of_sight(translation)[..., None]
    return np.concatenate([pixels, behind * (camera.fx / translation[:, None, 2:])], -1)


def line_of_sight(translation: Float[np.ndarray, "F 3"]) -> Float[np.ndarray, "F 3"]:
    """Unit vector from the camera to the head."""
    return translation / np.linalg.norm(translation, axis=1, keepdims=True)


def linearise(
    points: Float[np.ndarray, "F N 3"],
    rotation: Float[np.ndarray, "F 3 3"],
    translation: Float[np.ndarray, "F 3"],
    camera: Camera,
    *,
    depth: bool = False,
) -> Projection:
    """Project points in head space and differentiate; rotations are updated from the left, R <- exp(w) R."""
    turned = points @ rotation.transpose(0, 2, 1)
    placed = turned + translation[:, None]
    pixels = camera.project(placed)
    inverse = 1.0 / placed[..., 2]
    lens = np.array([camera.fx, camera.fy])
    offset = pixels - np.array([camera.cx, camera.cy])
    by_camera = np.zeros((*placed.shape[:2], 3 if depth else 2, 3))
    by_camera[..., 0, 0] = lens[0] * inverse
    by_camera[..., 1, 1] = lens[1] * inverse
    by_camera[..., :2, 2] = -offset * inverse[..., None]
    by_shift = by_camera
    if depth:
        scale, ray = camera.fx / translation[:, None, 2], line_of_sight(translation)[:, None]
        along = (turned * ray).sum(-1)
        behind = along * scale
        by_camera[..., 2, :] = ray * scale[..., None]
        by_shift = by_camera.copy()
        # A shift of the head rotates the line of sight and changes the scale.
        aside = (turned - along[..., None] * ray) / np.linalg.norm(translation, axis=1)[:, None, None]
        by_shift[..., 2, :] = aside * scale[..., None]
        by_shift[..., 2, 2] -= behind / translation[:, None, 2]
        pixels, offset = (np.concatenate([x, behind[..., None]], -1) for x in (pixels, offset))
    by_point = by_camera @ rotation[:, None]
    # d(turned)/dw is minus the cross-product matrix of `turned`: row r of by_camera maps to turned x row.
    by_turn = np.cross(turned[..., None, :], by_camera)
    return Projection(pixels, by_point, np.concatenate([by_turn, by_shift], -1), offset)
