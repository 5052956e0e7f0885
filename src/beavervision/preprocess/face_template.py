"""Mean appearance of a face, point by point, used to detect what does not belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from beavervision.preprocess.face_texture import TEXELS, FaceTexture, texture_layout

FLOOR = np.array([10.0, 4.5, 4.5], np.float32)
"""Least spread (standard deviation) of lightness, green-red, blue-yellow (OpenCV's Lab): noise and small shadows."""

SHADE = 0.2
"""Weight of a point that is darker than usual: light changes, colours stay."""

OUTLIER_DISTANCE = 4.0
"""Distance from the usual colour, in spreads, from which a point does not belong to the face."""

SMALLEST, LARGEST = 0.012, 0.7
"""Share of the face that a thing covers at least; at most, for more is a change of light."""

LIT = 75
"""Percentile of a face's lightness that is held to be lit as usual."""

FEWEST = 6
"""Frames from which a face can be learnt."""


@dataclass(frozen=True)
class FaceTemplate:
    """How this face usually looks, point by point; a thing that is always there belongs to it."""

    mean: Float[np.ndarray, "N N 3"]
    """Median colour, Lab; NaN where never seen."""
    spread: Float[np.ndarray, "N N 3"]

    @classmethod
    def learn(cls, textures: Sequence[FaceTexture]) -> FaceTemplate:
        """Learn from frames of the clip; things that come and go do no harm while they are the fewer."""
        textures = [texture for texture in textures if texture.seen.any()]
        if len(textures) < FEWEST:
            return cls(*np.full((2, TEXELS, TEXELS, 3), np.nan, np.float32))
        colours = np.stack([np.where(texture.seen[..., None], texture.lab, np.nan) for texture in textures])
        usual = np.nanmedian(colours, axis=(1, 2), keepdims=True)
        colours[..., 0] += (np.median(usual[..., 0]) - usual)[..., 0]
        rare = np.isfinite(colours[..., 0]).sum(0) < max(FEWEST, len(textures) // 4)
        colours[:, rare] = 0
        mean = np.nanmedian(colours, 0)
        spread = 1.48 * np.nanmedian(np.abs(colours - mean), 0)
        # Landmarks are a texel off here and there: where colours change from point to point, so does what is seen.
        spread = cv2.dilate(spread.astype(np.float32), np.ones((3, 3), np.uint8))
        steps = np.stack(
            [np.abs(np.roll(mean, step, axis)[1:-1, 1:-1] - mean[1:-1, 1:-1]) for step in (-1, 1) for axis in (0, 1)]
        )
        spread[1:-1, 1:-1] = np.hypot(spread[1:-1, 1:-1], steps.max(0))
        mean[rare] = np.nan
        return cls(mean.astype(np.float32), np.hypot(spread, FLOOR).astype(np.float32))

    def foreign(self, texture: FaceTexture) -> Bool[np.ndarray, "N N"]:
        """Points of a face that look like something else, in patches."""
        known = texture.seen & np.isfinite(self.mean[..., 0])
        if known.sum() < 0.2 * texture_layout().skin.sum():
            return np.zeros_like(known)
        difference = texture.lab - self.mean
        # The lit part is the measure, so that the rest is in the shade and not the lit part too bright.
        difference[..., 0] -= np.percentile(difference[known][:, 0], LIT)
        distance = (difference / self.spread) ** 2
        distance[..., 0] *= np.where(difference[..., 0] < 0, SHADE, 1.0)
        distance = np.where(known, np.minimum(distance.sum(-1), 4 * OUTLIER_DISTANCE**2), 0).astype(np.float32)
        weight = cv2.blur(known.astype(np.float32), (3, 3))
        patches = (cv2.blur(distance, (3, 3)) > OUTLIER_DISTANCE**2 * weight) & known
        patches = cv2.morphologyEx(patches.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, parts, figures, _ = cv2.connectedComponentsWithStats(patches)
        large = figures[:, cv2.CC_STAT_AREA] >= SMALLEST * texture_layout().skin.sum()
        large[0] = False
        found = large[parts]
        return found if found.sum() < LARGEST * known.sum() else np.zeros_like(known)
