"""Converts other face models to head space: the axes, unit and origin of the built-in model."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from beavervision.errors import FaceModelError
from beavervision.face.gpmm import load_gpmm

ANCHORS = slice(27, 48)
"""Nose and eyes among the 68 landmarks: rigid on the skull and similar in every model."""
WORST_CM = 1.0
"""Largest root mean square distance of these landmarks from the built-in face, cm; a file beyond it holds no face."""


def into_head_space(
    mean: Float[np.ndarray, "V 3"],
    id_basis: Float[np.ndarray, "I V 3"],
    exp_basis: Float[np.ndarray, "E V 3"],
    landmarks68: Int[np.ndarray, 68],
    source: object,
) -> tuple[Float[np.ndarray, "V 3"], Float[np.ndarray, "I V 3"], Float[np.ndarray, "E V 3"]]:
    """Rotate, scale and shift a model so that its nose and eyes align with the built-in face.

    Rotation, scale and shift of the whole head are removed from the identity modes: pose and camera explain them.

    Args:
        mean: mean face, any axes and unit.
        id_basis: offsets per standard deviation, same axes and unit.
        exp_basis: same as `id_basis`.
        landmarks68: vertices of the 68 iBUG landmarks.
        source: file that error messages name.

    Raises:
        FaceModelError: when no similarity transform aligns the landmarks with a face.
    """
    template = load_gpmm()
    there = template.mean[template.landmarks68[ANCHORS]]
    here = np.asarray(mean, float)[landmarks68[ANCHORS]]
    middle, target = here.mean(0), there.mean(0)
    u, size, vt = np.linalg.svd((here - middle).T @ (there - target))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turn = (u * sign) @ vt
    scale = (size * sign).sum() / ((here - middle) ** 2).sum()
    mean = ((mean - middle) @ turn * scale + target).astype(float)
    miss = np.sqrt(((mean[landmarks68[ANCHORS]] - there) ** 2).sum(-1).mean())
    if not miss < WORST_CM:
        raise FaceModelError(f"{source}: its 68 landmarks do not look like a face; use the unchanged file.")
    id_basis, exp_basis = (np.asarray(basis @ (turn * scale), np.float32) for basis in (id_basis, exp_basis))
    return mean, without_similarity(mean, id_basis), exp_basis


def without_similarity(mean: Float[np.ndarray, "V 3"], basis: Float[np.ndarray, "I V 3"]) -> Float[np.ndarray, "I V 3"]:
    """Remove from modes the part that shifts, rotates or scales the mean face."""
    points = mean - mean.mean(0)
    moves = [np.broadcast_to(a, mean.shape) for a in np.eye(3)] + [np.cross(a, points) for a in np.eye(3)] + [points]
    frame = np.linalg.qr(np.stack([move.ravel() for move in moves], 1))[0]
    flat = basis.reshape(len(basis), -1)
    return (flat - (flat @ frame) @ frame.T).reshape(basis.shape).astype(np.float32)
