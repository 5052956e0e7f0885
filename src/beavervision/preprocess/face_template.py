"""Mean appearance of a face, point by point, for the detection of occluders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from beavervision.preprocess.face_texture import TEXELS, FaceTexture, texture_layout

FLOOR = np.array([10.0, 4.5, 4.5], np.float32)
"""Smallest standard deviation of lightness, green-red, blue-yellow (OpenCV's Lab): noise and small shadows."""

SHADE = 0.2
"""Weight of a point that is darker than usual: light changes more than colour."""

OUTLIER_DISTANCE = 4.0
"""Distance from the mean colour, in standard deviations, from which a point does not belong to the face."""

SMALLEST, LARGEST = 0.012, 0.7
"""Smallest share of the face that an occluder covers, and the largest; a larger change is one of light."""

LIT = 75
"""Percentile of a face's lightness that represents its lit part."""

FEWEST = 6
"""Smallest number of frames from which a face can be learnt."""


@dataclass(frozen=True)
class FaceTemplate:
    """Usual appearance of a face, point by point; a permanent occluder is part of it."""

    mean: Float[np.ndarray, "N N 3"]
    """Median colour, Lab; NaN where never visible."""
    spread: Float[np.ndarray, "N N 3"]

    @classmethod
    def learn(cls, textures: Sequence[FaceTexture]) -> FaceTemplate:
        """Learn from frames of the clip; occluders that are visible in less than half of them do not matter."""
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
        # Landmarks are sometimes off by a texel, which changes the colour where neighbouring points differ.
        spread = cv2.dilate(spread.astype(np.float32), np.ones((3, 3), np.uint8))
        steps = np.stack(
            [np.abs(np.roll(mean, step, axis)[1:-1, 1:-1] - mean[1:-1, 1:-1]) for step in (-1, 1) for axis in (0, 1)]
        )
        spread[1:-1, 1:-1] = np.hypot(spread[1:-1, 1:-1], steps.max(0))
        mean[rare] = np.nan
        return cls(mean.astype(np.float32), np.hypot(spread, FLOOR).astype(np.float32))

    def foreign(self, texture: FaceTexture) -> Bool[np.ndarray, "N N"]:
        """Points of a face that differ from the template, in patches."""
        known = texture.seen & np.isfinite(self.mean[..., 0])
        if known.sum() < 0.2 * texture_layout().skin.sum():
            return np.zeros_like(known)
        difference = texture.lab - self.mean
        # Normalised by the lit part, so that the rest counts as shaded instead of the lit part as too bright.
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
