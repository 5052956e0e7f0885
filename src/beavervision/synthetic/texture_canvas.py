"""Painting operations on the texture of the unrolled head: fill, line, blot, tint, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

AXIS_Z = -8.0
"""The head is unrolled around the vertical line x = 0, z = AXIS_Z."""
SWEEP = np.radians(125)
"""Angle that the texture covers on either side."""
TOP, BOTTOM = 14.0, -13.0
"""Heights of the texture's borders, cm."""
FINE, COARSE = 38, 16
"""Texels per cm of height: for a large image and for a miniature."""
SLENDER = 1.48
"""Width / height of the texture."""


def unroll(points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 2"]:
    """Texture coordinates of points in head space at rest: across and down, both 0..1."""
    angle = np.arctan2(points[..., 0], points[..., 2] - AXIS_Z)
    return np.stack([angle / SWEEP * 0.5 + 0.5, (TOP - points[..., 1]) / (TOP - BOTTOM)], axis=-1)


@dataclass
class Canvas:
    """A texture that is being painted."""

    rest: Float[np.ndarray, "468 3"]
    colour: Float[np.ndarray, "H W 3"]
    gloss: Float[np.ndarray, "H W"]
    rng: np.random.Generator
    scale: float
    """Texels per cm."""

    @classmethod
    def primed(
        cls, rest: Float[np.ndarray, "468 3"], ground: Float[np.ndarray, "3"], scale: float, seed: int
    ) -> Canvas:
        """Canvas filled with one linear colour."""
        height = round(scale * (TOP - BOTTOM))
        shape = (height, round(height * SLENDER))
        colour = np.tile(ground.astype(np.float32), (*shape, 1))
        return cls(rest, colour, np.ones(shape, np.float32), np.random.default_rng(seed), scale)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in texels."""
        return self.gloss.shape[1], self.gloss.shape[0]

    def texels(self, points: np.ndarray) -> np.ndarray:
        """Texel coordinates of points in head space."""
        return unroll(points) * self.size

    def uv(self, index: np.ndarray) -> np.ndarray:
        """Texel coordinates of face vertices."""
        return self.texels(self.rest[index])

    def noise(self, reach: tuple[float, float]) -> np.ndarray:
        """Smooth noise of unit standard deviation; its reach down and across is in cm."""
        grain = self.rng.normal(size=self.gloss.shape).astype(np.float32)
        grain = gaussian_filter(grain, (reach[0] * self.scale, reach[1] * self.scale))
        return grain / grain.std()

    def mask(self, polygon: np.ndarray, blur: float) -> np.ndarray:
        """Filled polygon with a soft border; blur in cm."""
        image = Image.new("L", self.size)
        ImageDraw.Draw(image).polygon([tuple(p) for p in polygon], fill=255)
        return gaussian_filter(np.asarray(image, np.float32) / 255, blur * self.scale)

    def line(self, curve: np.ndarray, width: float, blur: float) -> np.ndarray:
        """Line with a soft border; width and blur in cm."""
        image = Image.new("L", self.size)
        pixels = max(1, round(width * self.scale))
        ImageDraw.Draw(image).line([tuple(p) for p in curve], fill=255, width=pixels, joint="curve")
        return gaussian_filter(np.asarray(image, np.float32) / 255, blur * self.scale)

    def spot(self, at: np.ndarray, reach: tuple[float, float]) -> np.ndarray:
        """Gaussian blot at a point in head space; reach in cm."""
        u, v = self.texels(at)
        width, height = self.size
        across = width / (2 * SWEEP) / np.hypot(at[0], at[2] - AXIS_Z)
        row = np.exp(-((np.arange(width, dtype=np.float32) - u) ** 2) / (2 * (reach[0] * across) ** 2))
        column = np.exp(-((np.arange(height, dtype=np.float32) - v) ** 2) / (2 * (reach[1] * self.scale) ** 2))
        return column[:, None] * row

    def blend(self, mask: np.ndarray, colour: np.ndarray, strength: float = 1.0) -> None:
        """Blend a colour over the masked area."""
        cover = (np.clip(mask, 0, 1) * strength)[..., None].astype(np.float32)
        self.colour += cover * (colour.astype(np.float32) - self.colour)

    def tint(self, mask: np.ndarray, factor: tuple[float, float, float]) -> None:
        """Multiply the colour in the masked area."""
        self.colour *= 1 + np.clip(mask, 0, 1)[..., None] * (np.array(factor, np.float32) - 1)
