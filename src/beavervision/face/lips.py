"""Lips that meet: what the landmarks alone cannot say about the mouth."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.landmarks import LOWER_LIP, UPPER_LIP
from beavervision.face.model import FaceModel

LIP_PAIRS: Int[np.ndarray, "9 2"] = np.stack([UPPER_LIP[3, 1:-1], LOWER_LIP[3, 1:-1]], 1)
"""Points of the inner lips, upper and lower, that touch when the mouth is shut."""
DEPTH_PER_OPENING = 0.5
"""How far the lower lip lies behind the upper one, over how far it is below: between 0.7, which the jaw alone does
(it turns about a hinge behind the face), and 0, which the lips alone do."""
DEPTH_CM = 0.12
"""Standard deviation of that distance. Without a limit the fit parts shut lips in depth, where no picture shows it, by
0.1 to 0.4 cm; the gap of the fitted lips then never closes."""


def expression_precision(model: FaceModel) -> Float[np.ndarray, "E E"]:
    """Prior precision of the expression: unit variance, and lips that meet in the picture meet in depth too."""
    keys = model.landmarks468[LIP_PAIRS]
    gap = model.exp_basis[:, keys[:, 0]] - model.exp_basis[:, keys[:, 1]]
    apart = np.asarray(gap[..., 2] - DEPTH_PER_OPENING * gap[..., 1], float)
    return np.eye(len(apart)) + apart @ apart.T / DEPTH_CM**2
