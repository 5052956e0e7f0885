"""Composites head over torso on the canvas, and the canvas over the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.fill_holes import fill_holes
from beavervision.compositing.layers import footprint, quantise, to_frame

Box = tuple[int, int, int, int]

CRISP = (0.1, 0.9)
"""Opacities that are mapped to 0 and 1 where a canvas is enlarged: enlarging widens every outline, which would show as
a haze around the head."""

CLEAR = 1e-3
"""Opacity below which a colour is undefined."""


@dataclass(frozen=True)
class CanvasLayer:
    """The rendered canvas of one frame.

    The renderers were trained to blend pixel values, not light, so their opacity is applied to pixel values; mattes of
    whole images are applied to linear light (`compositing.layers.blend`).
    """

    colour: Float[np.ndarray, "H W 3"]
    """Colour, premultiplied by opacity."""
    alpha: Float[np.ndarray, "H W"]
    head: Float[np.ndarray, "H W 3"]
    """Colour of the head alone, premultiplied by its opacity."""
    head_alpha: Float[np.ndarray, "H W"]
    place: tuple[float, float, float]
    """x0, y0, scale of the canvas in the frame."""
    region: Float[np.ndarray, "H W"] | None = None
    """Part of the canvas that a dub may change; None for the whole canvas."""

    @classmethod
    def stack(
        cls,
        head: Float[np.ndarray, "H W 3"],
        head_alpha: Float[np.ndarray, "H W"],
        torso: Float[np.ndarray, "H W 3"],
        torso_alpha: Float[np.ndarray, "H W"],
        place: np.ndarray,
        region: Float[np.ndarray, "H W"] | None = None,
    ) -> CanvasLayer:
        """Composite the head (premultiplied) over the torso (not premultiplied), and fill holes."""
        under = ((1 - head_alpha) * torso_alpha)[..., None]
        x0, y0, scale = (float(value) for value in place)
        colour, alpha = fill_holes(
            (head + under * torso).astype(np.float32), (head_alpha + under[..., 0]).astype(np.float32)
        )
        return cls(colour, alpha, head.astype(np.float32), head_alpha.astype(np.float32), (x0, y0, scale), region)

    def box(self, frame: tuple[int, int]) -> Box:
        """Pixels that the canvas covers in a frame of size `frame` = (width, height)."""
        return footprint(self.place, (self.alpha.shape[1], self.alpha.shape[0]), frame)

    def over(self, background: UInt8[np.ndarray, "h w 3"], box: Box) -> UInt8[np.ndarray, "h w 3"]:
        """Composite the layer over a background, both at the frame pixels of `box`."""
        return _laid(*self._in_frame(self.colour, self.alpha, box), background)

    def head_over(self, background: UInt8[np.ndarray, "h w 3"], box: Box) -> UInt8[np.ndarray, "h w 3"]:
        """Composite the head alone over a background, both at the frame pixels of `box`."""
        return _laid(*self._in_frame(self.head, self.head_alpha, box), background)

    def cut_out(self, box: Box) -> UInt8[np.ndarray, "h w 4"]:
        """The layer alone at the frame pixels of `box`: colour (not premultiplied) and opacity."""
        colour, alpha = self._in_frame(self.colour, self.alpha, box)
        plain = colour / np.maximum(alpha, CLEAR)[..., None]
        return quantise(np.dstack([plain * (alpha >= CLEAR)[..., None], alpha]))

    def head_in_frame(self, box: Box) -> Float[np.ndarray, "h w"]:
        """Opacity of the head alone at the frame pixels of `box`."""
        return self._crisp(np.clip(to_frame(self.head_alpha, self.place, box, smooth=False), 0, 1))

    def region_in_frame(self, box: Box) -> Float[np.ndarray, "h w"] | None:
        """The part that a dub may change, at the frame pixels of `box`."""
        return None if self.region is None else np.clip(to_frame(self.region, self.place, box, smooth=False), 0, 1)

    def _in_frame(
        self, colour: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"], box: Box
    ) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w"]]:
        # The same interpolation for both, including overshoot; otherwise edges get a light or dark rim.
        large, opacity = to_frame(colour, self.place, box), to_frame(alpha, self.place, box)
        crisp = self._crisp(np.clip(opacity, 0, 1))
        return large * (crisp / np.maximum(opacity, CLEAR))[..., None], crisp

    def _crisp(self, alpha: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        if self.place[2] >= 1:
            return alpha
        return np.clip((alpha - CRISP[0]) / (CRISP[1] - CRISP[0]), 0, 1)


def _laid(
    colour: Float[np.ndarray, "h w 3"], alpha: Float[np.ndarray, "h w"], background: UInt8[np.ndarray, "h w 3"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Composite a premultiplied colour over a background."""
    return quantise(colour + (1 - alpha[..., None]) * (background.astype(np.float32) / 255))
