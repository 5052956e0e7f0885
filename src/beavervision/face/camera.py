"""Pinhole camera of the full frame, and of a crop of it.

Frame of reference (OpenCV): x right, y down, z forward; pixel centres at +0.5, origin in the top left corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FRONTAL = np.diag([1.0, -1.0, -1.0])
"""Rotation of a head that faces the camera: head y points up, head z points towards the camera."""

FOCAL_PRIOR = 1.5
"""Default ratio of focal length to the longer side of the frame: a field of view of 37 degrees."""


@dataclass(frozen=True)
class Camera:
    """Intrinsics in pixels.

    A point X in head space (cm) projects to pixel (fx x/z + cx, fy y/z + cy) with (x, y, z) = R X + t.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    @classmethod
    def centred(cls, width: int, height: int, focal: float | None = None) -> Camera:
        """Camera with square pixels and the principal point in the middle of the frame."""
        focal = FOCAL_PRIOR * max(width, height) if focal is None else focal
        return cls(focal, focal, width / 2, height / 2, width, height)

    def crop(self, x0: float, y0: float, scale: float, width: int, height: int) -> Camera:
        """Camera of the canvas whose pixel (u, v) shows source pixel (x0 + u / scale, y0 + v / scale)."""
        return Camera(self.fx * scale, self.fy * scale, (self.cx - x0) * scale, (self.cy - y0) * scale, width, height)

    def project(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 2"]:
        """Project points in camera space (cm) to pixels."""
        depth = points[..., 2:]
        return points[..., :2] / depth * np.array([self.fx, self.fy]) + np.array([self.cx, self.cy])
