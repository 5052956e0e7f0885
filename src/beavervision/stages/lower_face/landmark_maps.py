"""The target landmarks as pictures: what tells the network where mouth and jaw have to be."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel

OUTER_LIPS, INNER_LIPS = np.r_[48:60], np.r_[60:68]
"""iBUG points of the lips' outline and of their inner edge."""
JAW, NOSE = np.r_[0:17], np.r_[31:36]
"""iBUG points of the jaw and of the nose's base."""
MOVING = np.r_[3:14, 48:68]
"""iBUG points that speech moves: the jaw from cheek to cheek and the lips. All others stay the footage's own."""
N_MAPS, BETWEEN_LIPS = 3, 1
"""Lips filled, mouth between the lips filled, lines of jaw and nose; which of them is the second."""
LINE = 0.12
"""Width of the lines, cm."""
WHITE = (255,)
FRACTION_BITS = 6
"""Binary digits after the point of coordinates that OpenCV draws at: motion of a fraction of a pixel is seen."""


def landmark_maps(points: Float[np.ndarray, "68 2"], size: int, pixels_per_cm: float) -> UInt8[np.ndarray, "S S 3"]:
    """Drawn maps of one face, 0 to 255.

    Args:
        points: landmarks, patch px.
        size: side of the patch.
        pixels_per_cm: of the patch.
    """
    maps = [np.zeros((size, size), np.uint8) for _ in range(N_MAPS)]
    for picture, lips in zip(maps, (OUTER_LIPS, INNER_LIPS), strict=False):
        cv2.fillPoly(picture, [_fixed_point(points[lips])], WHITE, cv2.LINE_AA, FRACTION_BITS)
    width = max(1, round(LINE * pixels_per_cm))
    for line in (JAW, NOSE):
        cv2.polylines(maps[2], [_fixed_point(points[line])], False, WHITE, width, cv2.LINE_AA, FRACTION_BITS)  # noqa: FBT003
    return np.stack(maps, -1)


def lip_region(points: Float[np.ndarray, "68 2"], size: int, pixels_per_cm: float) -> UInt8[np.ndarray, "S S"]:
    """Soft region of the lips and what is between them, 0 to 255: the loss counts more there."""
    region = np.zeros((size, size), np.uint8)
    hull = cv2.convexHull(points[OUTER_LIPS].astype(np.float32))[:, 0]
    cv2.fillConvexPoly(region, _fixed_point(hull), WHITE, cv2.LINE_AA, FRACTION_BITS)
    reach = max(1, round(0.4 * pixels_per_cm))
    region = cv2.dilate(region, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    return cv2.GaussianBlur(region, (0, 0), reach / 2)


def project_landmarks(
    model: FaceModel,
    condition68: Float[np.ndarray, "68 3"],
    rotation: Float[np.ndarray, "3 3"],
    translation: Float[np.ndarray, "3"],
    camera: Float[np.ndarray, "4"],
) -> Float[np.ndarray, "68 2"]:
    """Where the 68 landmarks stand in the frame, px.

    Args:
        model: the face model.
        condition68: offsets from its mean face, 1/10 cm, head space.
        rotation: head to camera.
        translation: cm, camera space.
        camera: fx, fy, cx, cy of the frame, px.
    """
    placed = (model.mean[model.landmarks68] + condition68 / CONDITION_SCALE) @ rotation.T + translation
    return placed[:, :2] / placed[:, 2:] * camera[:2] + camera[2:]


def _fixed_point(points: Float[np.ndarray, "N 2"]) -> np.ndarray:
    """Points as OpenCV's drawing takes them; its pixel centres are whole numbers."""
    return np.round((points - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
