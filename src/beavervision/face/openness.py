"""Openness of eyes and mouth, as ratios of distances in the image."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.face.landmarks import (
    EYE_INNER,
    EYE_OUTER,
    LID_MID_LOWER,
    LID_MID_UPPER,
    LIP_MID_LOWER,
    LIP_MID_UPPER,
)


def _distance(landmarks: np.ndarray, a: np.ndarray | np.integer | int, b: np.ndarray | np.integer | int) -> np.ndarray:
    """Distance in the image between landmarks `a` and `b`, without depth."""
    return np.linalg.norm(landmarks[..., a, :2] - landmarks[..., b, :2], axis=-1)


def eye_open(landmarks: Float[np.ndarray, "*t N C"]) -> Float[np.ndarray, "*t 2"]:
    """Distance of the lids / width of the eye, about 0 (shut) to 0.45; NaN where landmarks are NaN.

    Args:
        landmarks: [*t, 468 or 478, 2 or 3] pixels.

    Returns:
        [*t, 2] the subject's right eye, then the left one.
    """
    return _distance(landmarks, LID_MID_UPPER, LID_MID_LOWER) / _distance(landmarks, EYE_OUTER, EYE_INNER)


def mouth_open(landmarks: Float[np.ndarray, "*t N C"]) -> Float[np.ndarray, "*t"]:
    """Distance of the inner lips / distance of the outer eye corners, 0 (shut) to about 0.6.

    Args:
        landmarks: [*t, 468 or 478, 2 or 3] pixels.
    """
    return _distance(landmarks, LIP_MID_UPPER, LIP_MID_LOWER) / _distance(landmarks, EYE_OUTER[0], EYE_OUTER[1])
