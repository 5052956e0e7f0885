"""Detects occluders in front of the head, and the share of the head that they cover."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from beavervision.face.landmarks import LIPS_OUTER
from beavervision.preprocess.colour_model import colour_odds
from beavervision.preprocess.face_template import FaceTemplate
from beavervision.preprocess.face_texture import FaceTexture, texture_layout
from beavervision.preprocess.head_crop import SIZE, HeadCrop
from beavervision.preprocess.head_segmentation import HeadSegmentation
from beavervision.preprocess.person_segmentation import window_of
from beavervision.types import Label

COVERED = 0.015
"""Share of the face's outline from which it counts as occluded: a finger tip in front of the chin."""
NEAR, REACH = 0.08, 0.4
"""Distances from an occluder's points on the face, relative to the face's size: within which skin may still be the
occluder, and within which the occluder may continue."""

LIKELY, SMOOTHING = 0.7, 7
"""Log-odds from which a colour belongs to the occluder, and the smoothing of the log-odds, pixels of the crop."""

MOUTH = 9
"""Distance in texels over which an occluder on both sides of a hole in the skin (eyes, mouth) covers the hole."""


def find_occluders(head: HeadSegmentation, look: FaceTemplate) -> HeadSegmentation:
    """Return the head segmentation with its occluders, including hands.

    Args:
        head: the head segmentation.
        look: usual appearance of the face.
    """
    texture = FaceTexture(head.view)
    foreign = look.foreign(texture)
    if not foreign.any():
        return head
    # An occluder of both lips covers the mouth between them.
    closed = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((MOUTH, MOUTH), np.uint8)) > 0
    holes = closed & ~texture_layout().skin
    return replace(head, occluder=_grown(texture.in_crop(foreign | holes), head.view))


def _grown(seed: Bool[np.ndarray, "S S"], view: HeadCrop) -> Bool[np.ndarray, "S S"]:
    """Extend an occluder on the face to connected pixels of its colours beyond the face and in the mouth."""
    length = float(np.linalg.norm(np.ptp(view.landmarks, axis=0))) / np.sqrt(2)
    distance = cv2.distanceTransform((~seed).astype(np.uint8), cv2.DIST_L2, 3) / length
    odds = colour_odds(view.rgb, seed, (view.oval & (distance > NEAR)) | (distance > REACH))
    alike = cv2.blur(odds, (SMOOTHING, SMOOTHING)) > LIKELY
    # On the skin, the face template has decided.
    free = view.inside & ((distance < NEAR) | ~view.oval | view.filled(LIPS_OUTER))
    there = (seed | (alike & free & (distance < REACH))).astype(np.uint8)
    there = cv2.morphologyEx(there, cv2.MORPH_OPEN, np.ones((SMOOTHING, SMOOTHING), np.uint8))
    _, parts = cv2.connectedComponents(np.bitwise_or(there, seed))
    own = np.unique(parts[seed])
    return np.isin(parts, own[own > 0])


def occluded_share(head: HeadSegmentation, labels: UInt8[np.ndarray, "H W"]) -> float:
    """Area of the head (hair and face) that hands, things and other people cover, relative to the face's area.

    Args:
        head: the head segmentation.
        labels: the subject's label map of the frame.
    """
    square = head.view.square
    window, _ = window_of(square, SIZE, *labels.shape[::-1])
    if window is None:
        return 0.0
    rows, columns = window
    part = labels[window]
    # Other people only count in front of the face: a person beside the head hides no hair.
    before = np.dstack([part == Label.HAND, part == Label.OTHER]).astype(np.uint8) * np.uint8(255)
    there = replace(square, x=square.x - columns.start, y=square.y - rows.start).cut(before, SIZE) > 127
    oval = head.view.oval
    covered = (there[..., 0] & (head.head | oval)) | (there[..., 1] & oval)
    return float(covered.sum() / max(oval.sum(), 1))
