"""Weights of the landmarks, the landmarks that move only with the skull, and priors of the expression."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from beavervision.face import landmarks as lm
from beavervision.face.landmarks import LOWER_LIP, UPPER_LIP
from beavervision.face.morphable_model import FaceModel

EYE_WEIGHT, UPPER_LID_WEIGHT, LIP_WEIGHT = 3.0, 20.0, 5.0
"""Weights of squared landmark errors (STAGES.md section 1, as in GeneFace++)."""
OVAL_WEIGHT = 0.1
"""Weight of the face outline: the tracker shifts it along the silhouette when the head turns."""
STILL_CM = 0.08
"""Landmarks that a typical expression moves less than this (root of the summed variances, cm) are stable."""

CENTRAL_CM = 3.8
"""Stable landmarks are nearer than this to the middle of the face, cm. Farther out, trackers underestimate motion: on
renders with known pose, the sides of the face followed a nod to 63 %, its middle to 80 %."""


def landmark_weights() -> Float[np.ndarray, "468"]:
    """Weight of each mesh landmark in the fit of the expression."""
    weight = np.ones(lm.N_MESH)
    weight[lm.OVAL] = OVAL_WEIGHT
    weight[lm.EYES.ravel()] = EYE_WEIGHT
    weight[lm.UPPER_LIDS[:, 1:-1].ravel()] = UPPER_LID_WEIGHT
    weight[lm.LIPS] = LIP_WEIGHT
    return weight


def stable_landmarks(model: FaceModel) -> Int[np.ndarray, "S"]:
    """Mesh landmarks that depend on the pose alone: nose, bridge, adjacent cheeks and inner corners of the eyes.

    Mouth, brows and lids are excluded, so that a wide mouth or a blink does not tilt the head.
    """
    motion = np.sqrt((model.exp_basis[:, model.landmarks468] ** 2).sum((0, 2)))
    still = motion < STILL_CM
    still[np.concatenate([lm.LIPS, lm.OVAL, lm.EYES.ravel(), lm.BROWS.ravel()])] = False
    still[lm.EYE_INNER] = True
    central = np.abs(model.mean[model.landmarks468, 0]) < CENTRAL_CM
    return np.flatnonzero(still & central)


LIP_PAIRS: Int[np.ndarray, "9 2"] = np.stack([UPPER_LIP[3, 1:-1], LOWER_LIP[3, 1:-1]], 1)
"""Points of the inner lips, upper and lower, that touch when the mouth is closed."""
DEPTH_PER_OPENING = 0.5
"""Expected depth of the lower lip behind the upper one, per distance below it: between 0.7, the effect of the jaw
(which turns about a hinge behind the face), and 0, the effect of the lips."""
DEPTH_CM = 0.12
"""Standard deviation of that depth, cm. Without a limit the fit separates closed lips in depth, which no image shows,
by 0.1 to 0.4 cm, and the gap of the fitted lips never closes."""


def expression_precision(model: FaceModel) -> Float[np.ndarray, "E E"]:
    """Prior precision of the expression: unit variance, and lips that touch in the image also touch in depth."""
    keys = model.landmarks468[LIP_PAIRS]
    gap = model.exp_basis[:, keys[:, 0]] - model.exp_basis[:, keys[:, 1]]
    apart = np.asarray(gap[..., 2] - DEPTH_PER_OPENING * gap[..., 1], float)
    return np.eye(len(apart)) + apart @ apart.T / DEPTH_CM**2
