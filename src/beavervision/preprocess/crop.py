"""A square crop of the frame, upright or rotated."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.landmarks import EYE_OUTER

ROI_MARGIN = 1.5
"""Side of a face's square / longer side of its landmarks (MediaPipe's own face_landmark graph)."""


@dataclass(frozen=True)
class SquareCrop:
    """A square of the full frame, px; it may extend beyond the frame."""

    x: float
    y: float
    """y of the centre."""
    side: float
    angle: float = 0.0
    """Rotation of the square's x axis relative to the frame's, towards the y axis, radians."""

    def to_crop(self, size: int) -> Float[np.ndarray, "2 3"]:
        """Affine map from frame pixels to pixels of a crop of `size` (corners at 0 and `size`)."""
        scale = size / self.side
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        turn = np.array([[cos, sin], [-sin, cos]])
        shift = size / 2 - turn @ np.array([self.x, self.y])
        return np.hstack([turn, shift[:, None]])

    def cut(self, rgb: UInt8[np.ndarray, "H W *c"], size: int) -> UInt8[np.ndarray, "S S *c"]:
        """Resample the square to `size`; pixels outside the frame are black."""
        matrix = self.to_crop(size)
        # OpenCV puts pixel centres at integers; ours are at +0.5.
        half = np.array([0.5, 0.5])
        matrix[:, 2] += matrix[:, :2] @ half - half
        if self.side > 2 * size:  # bilinear sampling would skip pixels
            factor = self.side / (2 * size)
            rgb, matrix = _near(rgb, matrix, self)
            rgb, matrix = _shrunk(rgb, matrix, factor)
        return cv2.warpAffine(rgb, matrix, (size, size), flags=cv2.INTER_LINEAR)

    def to_frame(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Convert points from the unit square to frame pixels; further columns are scaled by the side."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cos, sin], [-sin, cos]])
        flat = (points[:, :2] - 0.5) * self.side @ turn + np.array([self.x, self.y])
        return np.hstack([flat, points[:, 2:] * self.side])

    @classmethod
    def round_landmarks(cls, landmarks: Float[np.ndarray, "478 d"], margin: float = ROI_MARGIN) -> SquareCrop:
        """Square around a face's landmarks, rotated to the line through the eyes."""
        right, left = landmarks[EYE_OUTER, :2]
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
        x, y = (low + high) / 2
        return cls(float(x), float(y), float((high - low).max() * margin), angle)

    @classmethod
    def round_box(cls, box: Float[np.ndarray, "4"], margin: float = ROI_MARGIN) -> SquareCrop:
        """Upright square around a box x0 y0 x1 y1."""
        side = max(box[2] - box[0], box[3] - box[1]) * margin
        return cls(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2, float(side))


def _near(rgb: np.ndarray, matrix: np.ndarray, square: SquareCrop) -> tuple[np.ndarray, np.ndarray]:
    """The part of the image that the square touches, and the map for it."""
    reach = square.side * (abs(np.cos(square.angle)) + abs(np.sin(square.angle))) / 2 + 2
    height, width = rgb.shape[:2]
    x0, x1 = (int(np.clip(square.x + way, 0, width)) for way in (-reach, reach))
    y0, y1 = (int(np.clip(square.y + way, 0, height)) for way in (-reach, reach))
    if x1 <= x0 or y1 <= y0:
        return rgb, matrix
    matrix = matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([x0, y0])
    return rgb[y0:y1, x0:x1], matrix


def _shrunk(rgb: np.ndarray, matrix: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """The image reduced by `factor` (area average), and the map for it."""
    height, width = rgb.shape[:2]
    size = max(1, round(width / factor)), max(1, round(height / factor))
    fx, fy = width / size[0], height / size[1]
    matrix = matrix.copy()
    # u = A x + b with x = f x' + (f - 1) / 2 in OpenCV's convention
    matrix[:, 2] += matrix[:, 0] * (fx - 1) / 2 + matrix[:, 1] * (fy - 1) / 2
    matrix[:, 0] *= fx
    matrix[:, 1] *= fy
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), matrix
