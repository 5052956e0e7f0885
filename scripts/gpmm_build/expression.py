"""Expression basis: the semantic shapes, then local Gaussian-process modes for the remaining deformations."""

from __future__ import annotations

import numpy as np

from beavervision.face import landmarks as lm
from gpmm_build.identity import leading_modes, symmetric_kernel
from gpmm_build.lids import lid_shapes
from gpmm_build.shapes import Face, brow_shapes, mouth_shapes

N_EXPRESSION = 64
TYPICAL = {
    "jaw_open": 0.22,
    "lips_press": 0.3,
    "lips_pucker": 0.25,
    "lips_funnel": 0.25,
    "cheek_puff": 0.1,
    "jaw_forward": 0.2,
    "jaw_left": 0.12,
    "mouth_left": 0.15,
    "blink_left": 0.35,
    "blink_right": 0.35,
}
"""Standard deviation of the activation of a shape in speech; TYPICAL_ELSE for all others."""
TYPICAL_ELSE = 0.25
LOCAL_SCALES_CM, LOCAL_DEVIATIONS_CM = (2.5, 1.1), (0.06, 0.035)
"""Correlation lengths and standard deviations of the free modes."""


def mobility(mean: np.ndarray) -> np.ndarray:
    """Mobility of each vertex [V] beyond the semantic shapes: 1 at the lips, less at lids and brows, 0 far away."""
    groups = ((lm.LIPS, 1.0, 1.6), (lm.EYES.ravel(), 0.5, 0.8), (lm.BROWS.ravel(), 0.6, 1.0))
    share = np.zeros(len(mean))
    for group, most, reach in groups:
        distance = np.linalg.norm(mean[:, None] - mean[group][None], axis=-1).min(1)
        share = np.maximum(share, most * np.exp(-((distance / reach) ** 2)))
    return share


def local_modes(mean: np.ndarray, known: np.ndarray, count: int) -> np.ndarray:
    """Free modes [count, V, 3], orthogonal to the `known` fields [n, 3V] (orthonormal rows)."""
    square = ((mean[:, None] - mean[None]) ** 2).sum(-1)
    kernel = sum(d**2 * np.exp(-square / (2 * s**2)) for s, d in zip(LOCAL_SCALES_CM, LOCAL_DEVIATIONS_CM, strict=True))
    share = mobility(mean)
    kernel *= share[:, None] * share[None]
    covariance = symmetric_kernel(kernel, lm.MIRROR[: lm.N_MESH], share=0.6)
    projector = np.eye(3 * len(mean)) - known.T @ known
    return leading_modes(projector @ covariance @ projector, count)


def expression_basis(mean: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Basis [64, V, 3] in cm per standard deviation, and the coefficients [64] of each semantic shape.

    The shapes are orthonormalised in their order (QR). Every direction is scaled by its standard deviation under
    independent activations of TYPICAL size. Coefficients of speech therefore have about unit variance.
    """
    face = Face(mean)
    shapes = {**mouth_shapes(face), **brow_shapes(face), **lid_shapes(face)}
    fields = np.stack([shape.ravel() for shape in shapes.values()])
    q, r = np.linalg.qr(fields.T)
    typical = np.array([TYPICAL.get(name, TYPICAL_ELSE) for name in shapes])
    deviation = np.sqrt(((r * typical) ** 2).sum(1))
    free = local_modes(mean, q.T, N_EXPRESSION - len(shapes))
    basis = np.concatenate([(q * deviation).T.reshape(len(shapes), -1, 3), free])
    semantic = {}
    for i, name in enumerate(shapes):
        semantic[name] = np.r_[r[:, i] / deviation, np.zeros(len(free))]
    return basis, semantic
