"""Head pose: conversions of rotations, and initial estimates from landmarks.

A rotation R takes head space to camera space. R = FRONTAL @ R_head, and R_head = R_y(yaw) R_x(pitch) R_z(roll):
positive yaw turns the face to the subject's left, positive pitch lowers the chin, positive roll lowers the head
towards the subject's right shoulder.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from beavervision.face.camera import FRONTAL, Camera

EULER_ORDER = "YXZ"
"""Intrinsic order of yaw, pitch, roll."""


def rotation_from_euler(euler: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 3 3"]:
    """Head-to-camera rotation of (yaw, pitch, roll) in radians."""
    euler = np.asarray(euler, dtype=float)
    matrix = Rotation.from_euler(EULER_ORDER, euler.reshape(-1, 3)).as_matrix()
    return (FRONTAL @ matrix).reshape(*euler.shape[:-1], 3, 3)


def euler_from_rotation(rotation: Float[np.ndarray, "*b 3 3"]) -> Float[np.ndarray, "*b 3"]:
    """(yaw, pitch, roll) in radians of a head-to-camera rotation; NaN rows stay NaN."""
    rotation = np.asarray(rotation, dtype=float)
    flat = rotation.reshape(-1, 3, 3)
    euler = np.full((len(flat), 3), np.nan)
    known = np.isfinite(flat).all((1, 2))
    if known.any():
        euler[known] = Rotation.from_matrix(FRONTAL.T @ flat[known]).as_euler(EULER_ORDER)
    return euler.reshape(*rotation.shape[:-2], 3)


def rotation_from_vector(vector: Float[np.ndarray, "*b 3"]) -> Float[np.ndarray, "*b 3 3"]:
    """Rotation about the axis `vector` by its length in radians (Rodrigues)."""
    vector = np.asarray(vector, dtype=float)
    return Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(*vector.shape[:-1], 3, 3)


def vector_from_rotation(rotation: Float[np.ndarray, "*b 3 3"]) -> Float[np.ndarray, "*b 3"]:
    """Axis times angle in radians; the inverse of `rotation_from_vector` for angles up to pi."""
    rotation = np.asarray(rotation, dtype=float)
    return Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_rotvec().reshape(*rotation.shape[:-2], 3)


def rotation_angle(a: Float[np.ndarray, "*b 3 3"], b: Float[np.ndarray, "*b 3 3"]) -> Float[np.ndarray, "*b"]:
    """Angle between two rotations, radians."""
    return np.linalg.norm(vector_from_rotation(np.swapaxes(a, -1, -2) @ b), axis=-1)


def frontal_pose(
    points: Float[np.ndarray, "N 3"], pixels: Float[np.ndarray, "F N 2"], camera: Camera
) -> tuple[Float[np.ndarray, "F 3 3"], Float[np.ndarray, "F 3"]]:
    """Pose of a head that faces the camera, at the distance that follows from its size in the image."""
    middle, centre = points.mean(0), pixels.mean(1)
    size = np.sqrt(((points - middle)[:, :2] ** 2).sum(-1).mean())
    seen = np.sqrt(((pixels - centre[:, None]) ** 2).sum(-1).mean(-1))
    depth = camera.fx * size / seen
    ray = np.stack(
        [(centre[:, 0] - camera.cx) / camera.fx, (centre[:, 1] - camera.cy) / camera.fy, np.ones(len(pixels))], -1
    )
    rotation = np.repeat(FRONTAL[None], len(pixels), 0)
    return rotation, depth[:, None] * ray - FRONTAL @ middle


def closed_form_pose(
    points: Float[np.ndarray, "N 3"], pixels: Float[np.ndarray, "F N 2"], camera: Camera
) -> tuple[Float[np.ndarray, "F 3 3"], Float[np.ndarray, "F 3"]]:
    """Pose of each frame by SQPnP (Terzakis and Lourakis, ECCV 2020), without a starting value.

    Where SQPnP fails, or puts the head behind the camera or facing away, the frontal pose is returned.
    """
    rotation, translation = frontal_pose(points, pixels, camera)
    matrix = np.array([[camera.fx, 0.0, camera.cx], [0.0, camera.fy, camera.cy], [0.0, 0.0, 1.0]])
    for i, frame in enumerate(pixels):
        found, vector, shift = cv2.solvePnP(
            np.ascontiguousarray(points), np.ascontiguousarray(frame), matrix, np.zeros(4), flags=cv2.SOLVEPNP_SQPNP
        )
        turn = rotation_from_vector(vector.ravel())
        if found and shift[2, 0] > 0 and turn[2, 2] < 0:
            rotation[i], translation[i] = turn, shift.ravel()
    return rotation, translation
