"""Manner: how one person's face speaks; amplitudes of mouth and eyes, and the resting face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.data.speech_sample import Take
from beavervision.face.landmarks import LID_MID_LOWER, LID_MID_UPPER, LIP_MID_LOWER, LIP_MID_UPPER
from beavervision.face.morphable_model import FaceModel

AMPLITUDE_PERCENTILE = 90
"""Amplitudes are this percentile of the distance between lips and between lids (STAGES.md section 2)."""
REST_PERCENTILE = 15
"""The resting face is the median of the frames whose mouth is open less than this percentile."""
MOST_FRAMES = 30_000
"""Percentiles are taken of this many frames at the most, evenly spread: 20 minutes."""
EYE_SHAPES = ("blink_", "wide_", "squint_", "brow_")
"""Beginnings of the names of semantic shapes that move eyes and brows; all others move the mouth."""


@dataclass(frozen=True)
class Manner:
    """How one person's face speaks."""

    mouth_amp: float
    """cm"""
    eye_amp: float
    """cm"""
    mouth_range: tuple[float, float]
    """Lip distance at rest and its 95th percentile, cm."""
    rest: Float[np.ndarray, "E"]
    """Expression of the resting face."""


def manner_of(takes: Sequence[Take], face: FaceModel) -> Manner | None:
    """Manner of the one who speaks in all of the takes; None where the face is never seen."""
    step = max(1, -(-sum(take.n_frames for take in takes) // MOST_FRAMES))
    motion = np.concatenate([take.expression[take.valid][::step] for take in takes])
    if not len(motion):
        return None
    lips = lip_distance(face, motion)
    rest = np.median(motion[lips <= np.percentile(lips, REST_PERCENTILE)], axis=0)
    return Manner(
        mouth_amp=float(np.percentile(lips, AMPLITUDE_PERCENTILE)),
        eye_amp=float(np.percentile(lid_distance(face, motion), AMPLITUDE_PERCENTILE)),
        mouth_range=(float(np.percentile(lips, 2)), float(np.percentile(lips, 95))),
        rest=rest.astype(np.float32),
    )


def usual_manner(manners: Sequence[Manner]) -> Manner:
    """Median of every figure."""
    return Manner(
        mouth_amp=float(np.median([manner.mouth_amp for manner in manners])),
        eye_amp=float(np.median([manner.eye_amp for manner in manners])),
        mouth_range=tuple(np.median([manner.mouth_range for manner in manners], axis=0).tolist()),
        rest=np.median([manner.rest for manner in manners], axis=0).astype(np.float32),
    )


def lip_distance(face: FaceModel, expression: Float[np.ndarray, "*b E"]) -> Float[np.ndarray, "*b"]:
    """Distance between the middles of the inner lips of the mean face, cm."""
    return _distance(face, expression, LIP_MID_UPPER, LIP_MID_LOWER)


def lid_distance(face: FaceModel, expression: Float[np.ndarray, "*b E"]) -> Float[np.ndarray, "*b"]:
    """Distance between the middles of the lids of the mean face, mean of both eyes, cm."""
    eyes = zip(LID_MID_UPPER, LID_MID_LOWER, strict=True)
    return np.mean([_distance(face, expression, upper, lower) for upper, lower in eyes], axis=0)


def mouth_projector(face: FaceModel) -> Float[np.ndarray, "E E"]:
    """Matrix P so that deviation @ P is the part of an expression's deviation that moves the mouth.

    The deviation is split between the named shapes of the mouth and those of eyes and brows (least squares); what
    neither explains stays out. Without names everything counts as mouth.
    """
    names = sorted(face.semantic)
    width = len(face.exp_basis)
    if not names:
        return np.eye(width, dtype=np.float32)
    shapes = np.stack([face.semantic[name] for name in names])
    shares = np.linalg.pinv(shapes)
    mouth = [not name.startswith(EYE_SHAPES) for name in names]
    return (shares[:, mouth] @ shapes[mouth]).astype(np.float32)


def _distance(
    face: FaceModel, expression: Float[np.ndarray, "*b E"], first: int, second: int
) -> Float[np.ndarray, "*b"]:
    keys = face.landmarks468[[first, second]]
    points = face.mean[keys] + np.tensordot(expression, face.exp_basis[:, keys], 1)
    return np.linalg.norm(points[..., 0, :] - points[..., 1, :], axis=-1)
