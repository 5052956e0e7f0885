"""Pixel grid of the torso: the head's canvas at a multiple of its resolution.

The cost of a head grows with its pixels, so it is rendered on a small canvas. A torso is cheap at inference, so it is
trained and rendered on a finer grid over the same canvas, and clothes keep the footage's sharpness.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from beavervision.stages.radnerf_torso.network import cells


@dataclass(frozen=True)
class PixelGrid:
    """A grid of pixels over a canvas; grid pixel i has its centre at canvas coordinate (i + 0.5) / detail."""

    canvas: tuple[int, int]
    """Width and height of the head's canvas."""
    detail: float
    """Grid pixels per canvas pixel, along each axis."""

    @classmethod
    def of(cls, canvas: tuple[int, int], path: Float[np.ndarray, "T 3"], detail: float) -> PixelGrid:
        """Grid with `detail`, but not finer than the footage.

        Args:
            canvas: width and height of the canvas.
            path: x0, y0, canvas pixels per footage pixel.
            detail: requested grid pixels per canvas pixel.
        """
        return cls(canvas, float(np.clip(detail, 1.0, max(1.0, 1 / path[:, 2].max()))))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the grid, pixels."""
        width, height = (cells(side, 1 / self.detail) for side in self.canvas)
        return width, height

    def window(self, row: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """Row of a crop path (x0, y0, scale), converted to the grid."""
        return row * np.array([1.0, 1.0, self.detail])

    def refine(self, canvas: Float[np.ndarray, "h w *c"]) -> Float[np.ndarray, "H W *c"]:
        """Interpolate an image of the canvas at the grid's pixels."""
        if self.detail == 1:
            return canvas
        step = 1 / self.detail
        matrix = np.array([[step, 0, 0.5 * step - 0.5], [0, step, 0.5 * step - 0.5]])
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        return cv2.warpAffine(canvas, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def sample(self, canvas: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Interpolate it at some grid pixels only, given as flat indices [P]."""
        width, _ = self.size
        rows, columns = np.divmod(pixels, width)
        u, v = ((i + 0.5) / self.detail - 0.5 for i in (columns, rows))
        found = cv2.remap(
            canvas,
            u.astype(np.float32)[:, None],
            v.astype(np.float32)[:, None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return found[:, 0]
