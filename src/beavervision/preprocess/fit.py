"""The face model fitted to the subject's landmarks on the full frame's camera."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from beavervision.face.camera import Camera
from beavervision.face.fit import Fit, fit_clip
from beavervision.face.model import FaceModel


def fit_subject(
    model: FaceModel,
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    size: tuple[int, int],
    focal: float | None,
) -> Fit:
    """Identity, expression, pose and focal length; frames that are not visible take no part and stay NaN.

    Args:
        model: the face model.
        landmarks: full-frame px.
        visible: frames that take part.
        size: width and height of the frame, px.
        focal: focal length, px; estimated when None.
    """
    camera = Camera.centred(*size, focal)
    return fit_clip(model, landmarks, camera, visible=visible, estimate_focal=focal is None)
