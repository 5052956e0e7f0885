"""Faces for tests: the face model's own landmarks, posed and projected, so that nothing is detected or rendered."""

import numpy as np

from beavervision.face.model_registry import load_face_model
from beavervision.face.pose import rotation_from_euler


def landmarks(centre=(320.0, 240.0), eyes=60.0, euler=(0.0, 0.0, 0.0), identity=None, expression=None) -> np.ndarray:
    """478 landmarks [px] of a face whose outer eye corners are about `eyes` px apart; irises stand at the eyes."""
    model = load_face_model()
    identity = np.zeros(len(model.id_basis)) if identity is None else identity
    expression = np.zeros(len(model.exp_basis)) if expression is None else expression
    points = model.vertices(identity, expression)[model.landmarks468]
    camera = points @ rotation_from_euler(np.array(euler)).T
    scale = eyes / np.linalg.norm((points[33] - points[263])[:2])
    flat = camera * scale
    flat[:, :2] += np.asarray(centre)
    irises = np.repeat(flat[[159, 386]], 5, axis=0)
    return np.concatenate([flat, irises]).astype(np.float32)
