"""Segments the head from the person mask, the landmarks, colour and the hands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.colour_model import CLASSES, ColourModel
from beavervision.preprocess.head_crop import SIZE, HeadCrop
from beavervision.preprocess.multiclass_segmentation import class_scores
from beavervision.types import Label

EDGE_RADIUS, EDGE_EPSILON = 6, 1e-3
"""Parameters of the guided filter that aligns the person mask to image edges (He et al., PAMI 2013)."""

NEVER = -12.0
"""Log-prior of an impossible class."""

HALF = SIZE // 2
"""Size of the image in which scores are computed, px: patches need no higher resolution."""

TWICE = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
"""Maps a pixel of the crop to its score; scores are computed for every second pixel."""

SMOOTHING = 3
"""Smoothing of the scores, pixels of that image: it avoids specks."""

JAW_LEVEL = 0.75
"""Position of the jaw angle on the face (0 eyes, 1 chin)."""

BEARD = 0.8
"""Half width of a beard / half width of the face."""

LOCK = 9
"""Thinnest lock of hair below the jaw, pixels of the crop."""

LABELS = np.array([Label.HAIR, Label.FACE, Label.NECK, Label.TORSO], np.uint8)


@dataclass(frozen=True)
class HeadSegmentation:
    """Segmentation of a head crop."""

    view: HeadCrop
    person: Float[np.ndarray, "S S"]
    """Probability of the person, aligned to image edges."""
    labels: UInt8[np.ndarray, "S S"]
    """HAIR, FACE, NECK or TORSO, also outside the person."""
    occluder: Bool[np.ndarray, "S S"]
    """Occluders of the head other than hands; see `occlusion.find_occluders`."""

    @property
    def head(self) -> Bool[np.ndarray, "S S"]:
        """Silhouette of hair and face, ignoring occluders."""
        return (self.person > 0.5) & ((self.labels == Label.HAIR) | (self.labels == Label.FACE))


def segment_head(
    view: HeadCrop,
    person: Float[np.ndarray, "S S"],
    appearance: ColourModel,
    classes: Float[np.ndarray, "S S 6"] | None = None,
) -> HeadSegmentation:
    """Segment a head crop into hair, face, neck and torso.

    Args:
        view: the head crop.
        person: probability of the person in it.
        appearance: the person's colours.
        classes: confidences of the six-class model, where it is used; see `multiclass_segmentation`.
    """
    small = cv2.resize(view.rgb, (HALF, HALF), interpolation=cv2.INTER_AREA)
    scores = appearance.likelihood(small) + place_prior(view)
    if classes is not None:
        scores += class_scores(cv2.resize(classes, (HALF, HALF), interpolation=cv2.INTER_AREA))
    scores = cv2.blur(scores, (SMOOTHING, SMOOTHING))
    large = cv2.warpAffine(
        scores, TWICE, (SIZE, SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    person, labels = sharpen(person, view.rgb), _best(large)
    _drop_stray_hair(labels, person, view)
    return HeadSegmentation(view, person, labels, np.zeros((SIZE, SIZE), bool))


def sharpen(person: Float[np.ndarray, "S S"], rgb: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
    """Align the mask to image edges."""
    guided = cv2.ximgproc.guidedFilter(rgb, person, EDGE_RADIUS, EDGE_EPSILON * 255**2, scale=0.5)
    return np.clip(guided, 0, 1)


def place_prior(view: HeadCrop) -> Float[np.ndarray, "h h 4"]:
    """Log-prior of hair, face, neck and torso by position on the face, for every second pixel of the crop.

    The constants are in face lengths and widths.
    """
    across, down = (axis[::2, ::2] for axis in view.grid)
    side, below, outside, oval = np.abs(across), view.below(across, down), view.outside[::2, ::2], view.oval[::2, ::2]
    prior = np.empty((HALF, HALF, len(CLASSES)), np.float32)
    hair, face, neck, torso = (prior[..., c] for c in range(len(CLASSES)))
    hair[:] = -2.0 * np.clip(down - 0.3, 0, None) - 3.0 * ((below > 0) & (side < 0.8))
    hair -= 6.0 * np.clip(down - 0.7, 0, 1) * np.clip(side - 1.2, 0, 1)
    face[:] = np.where((side > 0.8) & (side < 1.35) & (np.abs(down - 0.1) < 0.5), 0.0, -1.0) - 8.0 * outside
    face[below > 0.03] = NEVER
    forehead = down < view.brow_line
    hair[oval & ~forehead] = NEVER
    face[oval] = 2.0
    neck[:] = -5.0 * np.clip(side - 0.85, 0, None) - 6.0 * np.clip(down - 1.4, 0, None)
    neck[(below < 0) | (down < 0.55)] = NEVER
    torso[:] = -1.5 - 6.0 * np.clip(1.05 - down, 0, None) + 1.5 * np.clip((down - 1.2) / 0.4, 0, 1)
    torso[(below < 0.02) & (side < 1.1)] = NEVER
    return prior


def _drop_stray_hair(labels: UInt8[np.ndarray, "S S"], person: Float[np.ndarray, "S S"], view: HeadCrop) -> None:
    """Relabel pixels of hair colour that are not connected to the face as torso, in place.

    Below the jaw, connections thinner than a lock do not count: shoulders have dark edges.
    """
    across, down = view.grid
    low, face = down > JAW_LEVEL, labels == Label.FACE
    hair = ((labels == Label.HAIR) & (person > 0.5)).astype(np.uint8)
    if not (hair > ~low).any():  # short hair
        return
    thick = cv2.morphologyEx(hair, cv2.MORPH_OPEN, np.ones((LOCK, LOCK), np.uint8))
    # Locks are connected to the hair above, beards to the chin.
    head = np.where(low, thick | (face & (np.abs(across) < BEARD)), hair | face).astype(np.uint8)
    n, parts = cv2.connectedComponents(head, connectivity=4)
    own = np.zeros(n, bool)
    own[np.unique(parts[view.oval & (head > 0)])] = True
    labels[(labels == Label.HAIR) & ~own[np.asarray(parts, np.int32)] & (low | (head > 0))] = Label.TORSO


def _best(scores: Float[np.ndarray, "S S 4"]) -> UInt8[np.ndarray, "S S"]:
    """Label of the highest score; the first of equal ones."""
    best, labels = scores[..., 0].copy(), np.full(scores.shape[:2], LABELS[0])
    for c in range(1, len(LABELS)):
        better = scores[..., c] > best
        np.copyto(best, scores[..., c], where=better)
        labels[better] = LABELS[c]
    return labels
