"""An upright head crop of fixed size for segmentation, and the face coordinates of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.face.landmarks import BROWS, EYE_OUTER, OVAL
from beavervision.preprocess.crop import SquareCrop

SIZE = 448
"""Size of the crop, px."""

MARGIN = 3.0
"""Side of the crop / side of the landmarks' box: hair above, neck and shoulders below."""

CHIN, EAR_RIGHT, EAR_LEFT = 152, 234, 454

JAW = OVAL[8:29]
"""Lower half of the oval, from the subject's left ear over the chin to the right one."""


@dataclass(frozen=True)
class HeadCrop:
    """One face in its crop."""

    square: SquareCrop
    rgb: UInt8[np.ndarray, "S S 3"]
    landmarks: Float[np.ndarray, "478 2"]
    """Landmarks in pixels of the crop."""
    inside: Bool[np.ndarray, "S S"]
    """Pixels inside the frame; the others are black."""

    @classmethod
    def look(cls, rgb: UInt8[np.ndarray, "H W 3"], landmarks: Float[np.ndarray, "478 3"]) -> HeadCrop:
        """Crop the head from a frame."""
        square = SquareCrop.round_landmarks(landmarks, MARGIN)
        matrix = square.to_crop(SIZE)
        flat = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        height, width = rgb.shape[:2]
        corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        return cls(square, square.cut(rgb, SIZE), flat, _polygon(corners @ matrix[:, :2].T + matrix[:, 2]))

    @cached_property
    def _axes(self) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Origin between the eyes, unit vector down the face, face length (eyes to chin), half width at the ears."""
        eyes = self.landmarks[EYE_OUTER].mean(0)
        down = self.landmarks[CHIN] - eyes
        length = float(np.linalg.norm(down))
        half = float(np.linalg.norm(self.landmarks[EAR_LEFT] - self.landmarks[EAR_RIGHT])) / 2
        return eyes, down / length, length, max(half, 0.45 * length)

    def coordinates(self, points: Float[np.ndarray, "*n 2"]) -> tuple[np.ndarray, np.ndarray]:
        """Face coordinates of points: across (0 the middle, 1 the ears) and down (0 the eyes, 1 the chin)."""
        origin, down, length, half = self._axes
        middle = self.landmarks[OVAL].mean(0)
        across = np.array([down[1], -down[0]])
        return (points - middle) @ across / half, (points - origin) @ down / length

    @cached_property
    def grid(self) -> tuple[Float[np.ndarray, "S S"], Float[np.ndarray, "S S"]]:
        """(across, down) of every pixel."""
        axis = np.arange(SIZE) + 0.5
        # Both are affine in the pixel, so one row and one column are enough.
        along = np.stack([axis, np.full(SIZE, 0.5)], -1)
        rows, columns = self.coordinates(along), self.coordinates(along[:, ::-1])
        across, down = (
            r.astype(np.float32) + (c - c[0]).astype(np.float32)[:, None] for r, c in zip(rows, columns, strict=True)
        )
        return across, down

    @cached_property
    def oval(self) -> Bool[np.ndarray, "S S"]:
        """Mask of the inside of the face's outline."""
        return self.filled(OVAL)

    def filled(self, indices: np.ndarray) -> Bool[np.ndarray, "S S"]:
        """Mask of the closed polygon through these landmarks."""
        return _polygon(self.landmarks[indices])

    @cached_property
    def outside(self) -> Float[np.ndarray, "S S"]:
        """Distance from the outline in half widths of the face; 0 inside."""
        distance = cv2.distanceTransform((~self.oval).astype(np.uint8), cv2.DIST_L2, 3)
        return distance / np.float32(self._axes[3])

    @cached_property
    def below_jaw(self) -> Float[np.ndarray, "S S"]:
        """Distance of every pixel below the jaw line; see `below`."""
        return self.below(*self.grid)

    def below(self, across: Float[np.ndarray, "*n"], down: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Distance below the jaw line (continued horizontally beyond the ears), in face lengths; negative above."""
        x, y = self.coordinates(self.landmarks[JAW])
        order = np.argsort(x)
        table = np.interp(np.linspace(-4, 4, 801), x[order], y[order]).astype(np.float32)
        column = np.clip((across + 4) * 100, 0, 800)
        return down - table[column.astype(np.int32)]

    @cached_property
    def brow_line(self) -> float:
        """Position of the upper edge of the brows (`down` coordinate)."""
        return float(self.coordinates(self.landmarks[BROWS[:, 0].ravel()])[1].mean())


def _polygon(points: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "S S"]:
    """Mask of a closed polygon in pixels of the crop."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    shift = 4  # subpixel bits; OpenCV's pixel centres are whole numbers
    cv2.fillPoly(mask, [np.rint((points - 0.5) * 2**shift).astype(np.int32)], (1,), shift=shift)
    return mask.astype(bool)
