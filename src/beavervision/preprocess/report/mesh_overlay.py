"""Draws the fitted face model over an image: shaded, with edges, hidden lines removed."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

OPACITY = 0.6
"""Opacity of the drawn face: a bad fit must be visible through it."""

FINER = 2
"""Supersampling factor of the drawing."""

DARK, LIGHT = np.array([44.0, 62.0, 92.0]), np.array([214.0, 228.0, 246.0])
"""RGB of surfaces that face away from the camera and towards it."""

WIRE = (24, 42, 74)
MOST_WIRES = 4000
"""Number of triangles above which edges are not drawn, because they would hide the shading."""

SUBPIXEL = 4
"""Bits of OpenCV's fixed-point coordinates."""


def draw_mesh(
    picture: UInt8[np.ndarray, "H W 3"],
    points: Float[np.ndarray, "V 3"],
    triangles: Int[np.ndarray, "F 3"],
) -> UInt8[np.ndarray, "H W 3"]:
    """Draw a mesh over an image, the farthest triangle first (painter's algorithm).

    Args:
        picture: background image, which is not changed.
        points: x, y in image px, and depth in the same unit, growing away from the camera.
        triangles: vertex indices, wound either way.
    """
    height, width = picture.shape[:2]
    canvas = cv2.resize(picture, (FINER * width, FINER * height), interpolation=cv2.INTER_NEAREST)
    mask = np.zeros(canvas.shape[:2], np.uint8)
    corners = points[triangles] * FINER
    colours = _shade(corners)
    flat = np.rint((corners[..., :2] - 0.5) * 2**SUBPIXEL).astype(np.int32)
    wired = len(triangles) <= MOST_WIRES
    for face in np.argsort(-corners[..., 2].mean(1), kind="stable"):
        cv2.fillConvexPoly(canvas, flat[face], colours[face].tolist(), cv2.LINE_8, SUBPIXEL)
        cv2.fillConvexPoly(mask, flat[face], (255,), cv2.LINE_8, SUBPIXEL)
        if wired:
            cv2.polylines(canvas, [flat[face]], True, WIRE, 1, cv2.LINE_AA, SUBPIXEL)  # noqa: FBT003
    drawn = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    share = OPACITY / 255 * cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.rint(picture + share[..., None] * (drawn - picture)).astype(np.uint8)


def _shade(corners: Float[np.ndarray, "F 3 3"]) -> Float[np.ndarray, "F 3"]:
    """Colour of each triangle under a light at the camera."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = np.abs(normal[:, 2]) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    return np.rint(DARK + (LIGHT - DARK) * facing[:, None] ** 1.5)
