"""Head over torso on the canvas, and that over the frame's own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.fill_holes import fill_holes
from beavervision.compositing.layers import footprint, quantise, to_frame

Box = tuple[int, int, int, int]

CRISP = (0.1, 0.9)
"""Opacities that become 0 and 1 where a canvas is enlarged: enlarging spreads every outline over as many pixels, a
haze round the head that the footage does not have."""

CLEAR = 1e-3
"""Opacity below which a colour says nothing."""


@dataclass(frozen=True)
class CanvasLayer:
    """What the renderers show of one frame.

    The renderers learnt to mix pixel values, not light, so their own opacity is applied to pixel values;
    mattes of whole pictures are applied to light (`video.layers.blend`).
    """

    colour: Float[np.ndarray, "H W 3"]
    """Times opacity."""
    alpha: Float[np.ndarray, "H W"]
    head: Float[np.ndarray, "H W 3"]
    """The head alone, times its opacity."""
    head_alpha: Float[np.ndarray, "H W"]
    place: tuple[float, float, float]
    """x0, y0, scale of the canvas in the frame."""
    region: Float[np.ndarray, "H W"] | None = None
    """Part of the canvas that a dub may change; None for all of it."""

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
        """Head (times its opacity) over torso (not multiplied), without holes."""
        under = ((1 - head_alpha) * torso_alpha)[..., None]
        x0, y0, scale = (float(value) for value in place)
        colour, alpha = fill_holes(
            (head + under * torso).astype(np.float32), (head_alpha + under[..., 0]).astype(np.float32)
        )
        return cls(colour, alpha, head.astype(np.float32), head_alpha.astype(np.float32), (x0, y0, scale), region)

    def box(self, frame: tuple[int, int]) -> Box:
        """Pixels of a frame of `frame` = (width, height) that the canvas covers."""
        return footprint(self.place, (self.alpha.shape[1], self.alpha.shape[0]), frame)

    def over(self, background: UInt8[np.ndarray, "h w 3"], box: Box) -> UInt8[np.ndarray, "h w 3"]:
        """The layer over a background, both at the frame pixels of `box`."""
        return _laid(*self._in_frame(self.colour, self.alpha, box), background)

    def head_over(self, background: UInt8[np.ndarray, "h w 3"], box: Box) -> UInt8[np.ndarray, "h w 3"]:
        """The head alone over a background, both at the frame pixels of `box`."""
        return _laid(*self._in_frame(self.head, self.head_alpha, box), background)

    def cut_out(self, box: Box) -> UInt8[np.ndarray, "h w 4"]:
        """The layer alone at the frame pixels of `box`: colour (not multiplied) and opacity."""
        colour, alpha = self._in_frame(self.colour, self.alpha, box)
        plain = colour / np.maximum(alpha, CLEAR)[..., None]
        return quantise(np.dstack([plain * (alpha >= CLEAR)[..., None], alpha]))

    def head_in_frame(self, box: Box) -> Float[np.ndarray, "h w"]:
        """Opacity of the head alone at the frame pixels of `box`."""
        return self._crisp(np.clip(to_frame(self.head_alpha, self.place, box, smooth=False), 0, 1))

    def region_in_frame(self, box: Box) -> Float[np.ndarray, "h w"] | None:
        """The part that may change at the frame pixels of `box`."""
        return None if self.region is None else np.clip(to_frame(self.region, self.place, box, smooth=False), 0, 1)

    def _in_frame(
        self, colour: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"], box: Box
    ) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w"]]:
        # The same interpolation for both, overshoot included, or a rim of light or dark appears along every edge.
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
    """Colour (times opacity) over a background."""
    return quantise(colour + (1 - alpha[..., None]) * (background.astype(np.float32) / 255))
