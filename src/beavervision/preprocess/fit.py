"""The face model fitted to the subject's landmarks on the full frame's camera."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from beavervision.face.camera import Camera
from beavervision.face.fit import Fit, fit_clip
from beavervision.face.projection import project
from beavervision.face.providers import load_face_model
from beavervision.preprocess.options import PrepareOptions


def fit_subject(
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    size: tuple[int, int],
    options: PrepareOptions,
) -> Fit:
    """Identity, expression, pose and focal length; frames that are not visible take no part and stay NaN.

    Args:
        landmarks: full-frame px.
        visible: frames that take part.
        size: width and height of the frame, px.
        options: `focal` is kept when given, estimated otherwise; `basis` names the face model.
    """
    model = load_face_model(options.basis)
    camera = Camera.centred(*size, options.focal)
    used = np.where(visible[:, None, None], landmarks, np.nan)
    return fit_clip(model, used, camera, estimate_focal=options.focal is None)


def project68(fit: Fit, size: tuple[int, int], basis: str) -> Float[np.ndarray, "T 68 2"]:
    """The fitted model's 68 landmarks in the frame, px; NaN where there is no fit."""
    model = load_face_model(basis)
    keys = model.landmarks68
    points = (
        model.mean[keys]
        + np.tensordot(fit.identity, model.id_basis[:, keys], 1)
        + np.tensordot(fit.expression, model.exp_basis[:, keys], 1)
    )
    return project(points, fit.rotation, fit.translation, Camera.centred(*size, fit.focal))
