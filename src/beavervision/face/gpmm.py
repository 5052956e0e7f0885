"""The built-in face model: a Gaussian-process morphable model on MediaPipe's mesh (`scripts/build_gpmm.py`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from beavervision.face.landmarks import IBUG68, N_MESH, TRIANGLES
from beavervision.face.morphable_model import FaceModel

DATA = Path(__file__).parent / "data" / "gpmm.safetensors"
PREFIX = "semantic/"

PUPILS_APART = 6.3
"""Distance between the pupils of the mean face, cm."""
EYEBALL_RADIUS = 1.2
"""Radius of the eyeballs over which the lids slide, cm."""
EYEBALL_CENTRES = np.array([[-PUPILS_APART / 2, 0.0, 0.0], [PUPILS_APART / 2, 0.0, 0.0]])
"""[2, 3] centres of the mean face's right and left eyeball in head space, cm; they define the origin."""


@cache
def load_gpmm() -> FaceModel:
    """Load the face model of the package: 468 vertices, 80 identity and 64 expression coefficients.

    Example:
        >>> model = load_gpmm()
        >>> model.vertices(np.zeros(80), model.semantic["jaw_open"]).shape
        (468, 3)
    """
    arrays = {name: value.astype(np.float64) for name, value in load_file(DATA).items()}
    return FaceModel(
        name="gpmm",
        mean=arrays["mean"],
        id_basis=arrays["id_basis"],
        exp_basis=arrays["exp_basis"],
        triangles=TRIANGLES,
        landmarks468=np.arange(N_MESH),
        landmarks68=IBUG68,
        semantic={name[len(PREFIX) :]: value for name, value in arrays.items() if name.startswith(PREFIX)},
    )
