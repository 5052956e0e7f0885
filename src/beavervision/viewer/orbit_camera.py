"""Camera of the page, which orbits the head, as the renderer's camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class OrbitCamera:
    """A camera around the head: the page's world is head space, in cm.

    Both the page and the renderer have cameras with x right, y down and z forward.
    """

    rotation: Float[np.ndarray, "3 3"]
    """Head to camera."""
    translation: Float[np.ndarray, "3"]
    """Head to camera, cm."""
    fov: float
    """Vertical field of view, radians."""
    aspect: float
    """Width over height."""

    @classmethod
    def of(cls, position: np.ndarray, wxyz: np.ndarray, fov: float, aspect: float) -> OrbitCamera:
        """Camera at a place of the world.

        Args:
            position: in head space, cm.
            wxyz: quaternion, camera to head space.
            fov: vertical field of view, radians.
            aspect: width over height.
        """
        w, x, y, z = np.asarray(wxyz, float)
        rotation = Rotation.from_quat([x, y, z, w]).as_matrix().T
        return cls(rotation, -rotation @ np.asarray(position, float), float(fov), float(aspect))

    @property
    def position(self) -> Float[np.ndarray, "3"]:
        """Place of the camera in head space, cm."""
        return -self.rotation.T @ self.translation

    @property
    def wxyz(self) -> Float[np.ndarray, "4"]:
        """Quaternion, camera to head space.

        Example:
            >>> OrbitCamera(np.eye(3), np.zeros(3), 1.0, 1.0).wxyz.tolist()
            [1.0, 0.0, 0.0, 0.0]
        """
        x, y, z, w = Rotation.from_matrix(self.rotation.T).as_quat()
        return np.array([w, x, y, z])

    def size(self, height: int) -> tuple[int, int]:
        """Width and height of an image of this many rows, px."""
        return max(1, round(height * self.aspect)), height

    def intrinsics(self, height: int) -> Float[np.ndarray, "4"]:
        """Focal lengths and principal point (fx, fy, cx, cy) of an image of this many rows, px."""
        width, _ = self.size(height)
        focal = height / 2 / np.tan(self.fov / 2)
        return np.array([focal, focal, width / 2, height / 2])
