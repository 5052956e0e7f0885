"""Label maps: what every pixel shows, from the person mask, the landmarks, colour and the hands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.appearance import CLASSES, Appearance
from beavervision.preprocess.headview import SIZE, HeadView
from beavervision.types import Label

EDGE_RADIUS, EDGE_EPSILON = 6, 1e-3
"""Guided filter that draws the person's mask to the edges of the picture (He et al., PAMI 2013)."""

NEVER = -12.0
"""Log-prior of a class where it cannot be."""

SMOOTHING = 7
"""Pixels of the crop over which scores are averaged: labels come in patches, not in specks."""

LABELS = np.array([Label.HAIR, Label.FACE, Label.NECK, Label.TORSO], np.uint8)


@dataclass(frozen=True)
class HeadParse:
    """What the pixels of a head's crop show."""

    view: HeadView
    person: Float[np.ndarray, "S S"]
    """Probability of the person, drawn to the picture's edges."""
    labels: UInt8[np.ndarray, "S S"]
    """HAIR, FACE, NECK or TORSO, whether or not the person is there."""

    @property
    def head(self) -> Bool[np.ndarray, "S S"]:
        """Silhouette of hair and face, as if nothing stood before it."""
        return (self.person > 0.5) & ((self.labels == Label.HAIR) | (self.labels == Label.FACE))


def parse_head(view: HeadView, person: Float[np.ndarray, "S S"], appearance: Appearance) -> HeadParse:
    """Split a head's crop into hair, face, neck and torso.

    Args:
        view: the crop.
        person: probability of the person in it.
        appearance: the person's colours.
    """
    person = sharpen(person, view.rgb)
    scores = appearance.likelihood(view.rgb) + place_prior(view)
    scores = cv2.blur(scores, (SMOOTHING, SMOOTHING))
    return HeadParse(view, person, LABELS[scores.argmax(-1)])


def sharpen(person: Float[np.ndarray, "S S"], rgb: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
    """The mask drawn to the edges of the picture."""
    guided = cv2.ximgproc.guidedFilter(rgb, person, EDGE_RADIUS, EDGE_EPSILON * 255**2)
    return np.clip(guided, 0, 1)


def place_prior(view: HeadView) -> Float[np.ndarray, "S S 4"]:
    """Log-prior of hair, face, neck and torso by place on the face; the constants are in face lengths and widths."""
    across, down = view.grid
    side, below, outside = np.abs(across), view.below_jaw, view.outside
    prior = np.empty((SIZE, SIZE, len(CLASSES)), np.float32)
    hair, face, neck, torso = (prior[..., c] for c in range(len(CLASSES)))
    hair[:] = -2.0 * np.clip(down - 0.3, 0, None) - 3.0 * ((below > 0) & (side < 0.8))
    hair -= 6.0 * np.clip(down - 0.7, 0, 1) * np.clip(side - 1.2, 0, 1)
    face[:] = np.where((side > 0.8) & (side < 1.35) & (np.abs(down - 0.1) < 0.5), 0.0, -1.0) - 8.0 * outside
    face[below > 0.03] = NEVER
    forehead = down < view.brow_line
    hair[view.oval & ~forehead] = NEVER
    face[view.oval] = 2.0
    neck[:] = -5.0 * np.clip(side - 0.85, 0, None) - 6.0 * np.clip(down - 1.4, 0, None)
    neck[(below < 0) | (down < 0.55)] = NEVER
    torso[:] = -1.5 - 6.0 * np.clip(1.05 - down, 0, None) + 1.5 * np.clip((down - 1.2) / 0.4, 0, 1)
    torso[(below < 0.02) & (side < 1.1)] = NEVER
    return prior
