"""Landmarks of the portrait from which the mean face is built, with and without pose.

The portrait is NASA's photograph of the astronaut Eileen Collins (public domain), from `skimage.data.astronaut()`.
"""

from __future__ import annotations

import cv2
import mediapipe
import numpy as np
from skimage import data

PORTRAIT_BOX = (0, 280, 90, 370)
"""Rows and columns of the portrait's face, px."""
ENLARGED = 1120
"""Side of the enlarged face, px: MediaPipe is more accurate on a large face."""
PUPILS_APART = 6.3
"""Distance of the pupils, cm (Dodgson, "Variation and extrema of human interpupillary distance", 2004)."""


def portrait_landmarks() -> np.ndarray:
    """MediaPipe's landmarks [478, 3] of the portrait: x right, y up, z towards the camera, px."""
    top, bottom, left, right = PORTRAIT_BOX
    face = np.ascontiguousarray(data.astronaut()[top:bottom, left:right])
    face = cv2.resize(face, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=1) as mesh:
        found = mesh.process(face).multi_face_landmarks[0].landmark
    return np.array([[p.x, p.y, p.z] for p in found]) * [ENLARGED, -ENLARGED, -ENLARGED]


def symmetric_face(points: np.ndarray, opposite: np.ndarray) -> np.ndarray:
    """Remove the pose from landmarks [478, 3], average them with their mirror image, and scale them to head space.

    `opposite` is the mirror map [478]. The face is upright where the top of the forehead (10) and the chin (152) are
    equally far out.
    """
    across = (points[opposite] - points)[points[opposite, 0] > points[:, 0]].mean(0)
    x = across / np.linalg.norm(across)
    up = points[10] - points[152]
    y = up - x * (x @ up)
    y /= np.linalg.norm(y)
    face = (points - points[[10, 152, 168, 1, 2]].mean(0)) @ np.stack([x, y, np.cross(x, y)], 1)
    face = (face + face[opposite] * [-1.0, 1.0, 1.0]) / 2
    pupils = [468, 473]
    face *= PUPILS_APART / np.linalg.norm(face[pupils[0]] - face[pupils[1]])
    return face - [0.0, face[pupils[0], 1], 0.0]
