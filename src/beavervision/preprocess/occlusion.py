"""Detect occluders in front of the head, and the share of it that they cover."""

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
"""Share of the face's outline from which it counts as occluded: a finger's tip before the chin."""
NEAR, REACH = 0.08, 0.4
"""Distance from a thing's points on the face, over the face's size, within which the face's skin may still be the
thing, and within which the thing may go on."""

LIKELY, SMOOTHING = 0.7, 7
"""Log-odds from which a colour is the thing's, averaged over so many pixels of the crop."""

MOUTH = 9
"""Texels over which a thing that covers both sides of a hole in the skin covers the hole."""


def find_occluders(head: HeadSegmentation, look: FaceTemplate) -> HeadSegmentation:
    """The parsed head with what stands before it, hands or not.

    Args:
        head: the parsed head.
        look: how the face usually looks.
    """
    texture = FaceTexture(head.view)
    foreign = look.foreign(texture)
    if not foreign.any():
        return head
    # What covers both lips covers the mouth between them.
    closed = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((MOUTH, MOUTH), np.uint8)) > 0
    holes = closed & ~texture_layout().skin
    return replace(head, occluder=_grown(texture.in_crop(foreign | holes), head.view))


def _grown(seed: Bool[np.ndarray, "S S"], view: HeadCrop) -> Bool[np.ndarray, "S S"]:
    """A thing found on the face, with what of its colours hangs together with it: beyond the face, in the mouth."""
    length = float(np.linalg.norm(np.ptp(view.landmarks, axis=0))) / np.sqrt(2)
    distance = cv2.distanceTransform((~seed).astype(np.uint8), cv2.DIST_L2, 3) / length
    odds = colour_odds(view.rgb, seed, (view.oval & (distance > NEAR)) | (distance > REACH))
    alike = cv2.blur(odds, (SMOOTHING, SMOOTHING)) > LIKELY
    # On the skin the face's own look has decided.
    free = view.inside & ((distance < NEAR) | ~view.oval | view.filled(LIPS_OUTER))
    there = (seed | (alike & free & (distance < REACH))).astype(np.uint8)
    there = cv2.morphologyEx(there, cv2.MORPH_OPEN, np.ones((SMOOTHING, SMOOTHING), np.uint8))
    _, parts = cv2.connectedComponents(np.bitwise_or(there, seed))
    own = np.unique(parts[seed])
    return np.isin(parts, own[own > 0])


def occluded_share(head: HeadSegmentation, labels: UInt8[np.ndarray, "H W"]) -> float:
    """How much of the head (hair and face) is covered by hands, things and other people, over the face's area.

    Args:
        head: the parsed head.
        labels: the subject's label map of the frame.
    """
    square = head.view.square
    window, _ = window_of(square, SIZE, *labels.shape[::-1])
    if window is None:
        return 0.0
    rows, columns = window
    part = labels[window]
    # Of other people only what lies before the face counts: who stands beside the head hides no hair.
    before = np.dstack([part == Label.HAND, part == Label.OTHER]).astype(np.uint8) * np.uint8(255)
    there = replace(square, x=square.x - columns.start, y=square.y - rows.start).cut(before, SIZE) > 127
    oval = head.view.oval
    covered = (there[..., 0] & (head.head | oval)) | (there[..., 1] & oval)
    return float(covered.sum() / max(oval.sum(), 1))
