"""Fits the face model to a subject's landmarks with the camera of the full frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from beavervision.face.camera import Camera
from beavervision.face.fit import Fit, fit_clip
from beavervision.face.landmarks import N_MESH
from beavervision.face.morphable_model import FaceModel


def fit_subject(
    model: FaceModel,
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    size: tuple[int, int],
    focal: float | None,
) -> Fit:
    """Fit identity, expression, pose and focal length; frames that are not visible are skipped and stay NaN.

    Args:
        model: the face model.
        landmarks: landmarks in full-frame px.
        visible: frames to fit.
        size: width and height of the frame, px.
        focal: focal length, px; estimated when None.
    """
    camera = Camera.centred(*size, focal)
    return fit_clip(model, landmarks, camera, visible=visible, estimate_focal=focal is None)


def agreed(
    model: FaceModel, landmarks: Float[np.ndarray, "T 478 3"], fit: Fit, size: tuple[int, int]
) -> Float[np.ndarray, "T 478 3"]:
    """Landmarks half-way between the tracked and the fitted ones; changed in place.

    The tracker's errors are independent per landmark, those of the face model are not; the mean of both is nearer to
    the truth than either (synthetic actor: tracker 1.18 % of the eye distance, 95th percentile 3.1 %; mean 0.9 and
    2.4).

    Args:
        model: the face model.
        landmarks: landmarks in full-frame px; irises, depth and frames without a fit are unchanged.
        fit: fit of these landmarks.
        size: width and height of the frame, px.
    """
    camera, keys = Camera.centred(*size, fit.focal), model.landmarks468
    rest = model.mean[keys] + np.tensordot(fit.identity, model.id_basis[:, keys], 1)
    for row in np.flatnonzero(np.isfinite(fit.error_px)):
        points = rest + np.tensordot(fit.expression[row], model.exp_basis[:, keys], 1)
        placed = camera.project(points @ fit.rotation[row].T + fit.translation[row])
        landmarks[row, :N_MESH, :2] = 0.5 * (landmarks[row, :N_MESH, :2] + placed)
    return landmarks
