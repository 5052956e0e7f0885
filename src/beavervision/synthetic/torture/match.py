"""Which person of a scene a clip's subject is, and which frames count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.artifacts.clip import Subject
from beavervision.face.landmarks import EYE_OUTER
from beavervision.synthetic.truth import Truth

LENIENT = 2
"""Frames round each change of visibility in which either answer counts."""
NEAR = 0.5
"""A subject is a person when their faces' middles are this many eye distances apart at most."""
NOBODY = -1


def eye_distance(landmarks: Float[np.ndarray, "T 478 C"]) -> Float[np.ndarray, "T"]:
    """Distance between the outer corners of the eyes in the picture, px."""
    right, left = (landmarks[:, corner, :2] for corner in EYE_OUTER)
    return np.linalg.norm(right - left, axis=1)


def clear_of_changes(visible: Bool[np.ndarray, "T"], cuts: Sequence[int] = ()) -> Bool[np.ndarray, "T"]:
    """Frames that lie more than LENIENT from every change of visibility and every cut."""
    changes = np.concatenate([np.flatnonzero(np.diff(visible.astype(int))), np.array(cuts, int) - 1]) + 0.5
    index = np.arange(len(visible))
    return (np.abs(index[:, None] - changes) > LENIENT).all(axis=1)


def who_is_it(subject: Subject, people: Sequence[Truth]) -> Int[np.ndarray, "T"]:
    """Which person a subject is in each frame; NOBODY where no face is near, or it shows none."""
    middle = subject.landmarks[..., :2].mean(axis=1)
    gaps = []
    for person in people:
        gap = np.linalg.norm(middle - person.landmarks[..., :2].mean(axis=1), axis=1) / eye_distance(person.landmarks)
        gaps.append(np.where(person.visible & subject.visible, gap, np.inf))
    gap = np.nan_to_num(np.stack(gaps), nan=np.inf)
    return np.where(gap.min(axis=0) < NEAR, gap.argmin(axis=0), NOBODY)
