"""The torso's pixels: the head's canvas, some times as fine.

A head costs by the sample and is rendered on a small canvas. A torso costs next to nothing at inference, so it is
learnt and shown on a finer raster of the same canvas: clothes keep the footage's sharpness.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from beavervision.stages.radnerf_torso.network import cells


@dataclass(frozen=True)
class PixelGrid:
    """A grid of pixels over a canvas; raster pixel i has its centre at canvas coordinate (i + 0.5) / detail."""

    canvas: tuple[int, int]
    """Width and height of the head's canvas."""
    detail: float
    """Raster pixels for each canvas pixel, along each axis."""

    @classmethod
    def of(cls, canvas: tuple[int, int], path: Float[np.ndarray, "T 3"], detail: float) -> PixelGrid:
        """Raster of `detail`, but no finer than the footage: that would only invent pixels.

        Args:
            canvas: width and height.
            path: x0, y0, canvas pixels per footage pixel.
            detail: wanted.
        """
        return cls(canvas, float(np.clip(detail, 1.0, max(1.0, 1 / path[:, 2].max()))))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the raster."""
        width, height = (cells(side, 1 / self.detail) for side in self.canvas)
        return width, height

    def window(self, row: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """Row of a crop path (x0, y0, scale) for the raster."""
        return row * np.array([1.0, 1.0, self.detail])

    def refine(self, canvas: Float[np.ndarray, "h w *c"]) -> Float[np.ndarray, "H W *c"]:
        """A picture of the canvas, interpolated at the raster's pixels."""
        if self.detail == 1:
            return canvas
        step = 1 / self.detail
        matrix = np.array([[step, 0, 0.5 * step - 0.5], [0, step, 0.5 * step - 0.5]])
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        return cv2.warpAffine(canvas, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def sample(self, canvas: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """The same at some raster pixels only, given as flat indices [P]."""
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
