"""Correspondence of another face model with the built-in one: mesh landmarks and named expressions.

Every model defines its 68 iBUG landmarks. The built-in face is warped so that its 68 landmarks lie on them. Every other
landmark is then the vertex that is nearest in position and that moves alike when the jaw opens and the lids close; the
motion separates the upper and lower lip where they touch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.gpmm import load_gpmm

TELLING = ("jaw_open", "blink_left", "blink_right")
"""Shapes whose motion distinguishes vertices that lie side by side."""
GIVE_CM = 0.02
"""Distance by which the warped face may miss a landmark, cm: the built-in lips touch, others may not."""
SHYNESS = 0.003
"""Prior precision, cm^2, of the coefficients that fit a named shape."""


def named_shapes(
    exp_basis: Float[np.ndarray, "E V 3"], vertices: Int[np.ndarray, "K"], landmarks: Int[np.ndarray, "K"]
) -> Mapping[str, Float[np.ndarray, "E"]]:
    """Fit each named shape of the built-in model at full activation with the model's expressions (ridge regression).

    Args:
        exp_basis: offsets per standard deviation, head space, cm.
        vertices: vertices of the foreign model.
        landmarks: vertices of the built-in model that correspond to them.
    """
    template = load_gpmm()
    basis = np.asarray(exp_basis[:, vertices], float).reshape(len(exp_basis), -1)
    normal = basis @ basis.T + SHYNESS * np.eye(len(basis))
    target = template.exp_basis[:, landmarks].reshape(len(template.exp_basis), -1)
    return {name: np.linalg.solve(normal, basis @ (shape @ target)) for name, shape in template.semantic.items()}


def mesh_landmarks(
    mean: Float[np.ndarray, "V 3"],
    exp_basis: Float[np.ndarray, "E V 3"],
    landmarks68: Int[np.ndarray, 68],
    skin: int,
) -> Int[np.ndarray, 468]:
    """Find the vertex of each landmark of the face mesh.

    Args:
        mean: mean face, head space, cm.
        exp_basis: offsets per standard deviation, head space, cm.
        landmarks68: vertices of the 68 iBUG landmarks.
        skin: number of vertices that are skin of the face; teeth and eyeballs follow them.
    """
    # Slow to import, and needed once for each foreign model.
    from scipy.interpolate import RBFInterpolator
    from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]  (scipy's stubs lack it)

    template = load_gpmm()
    keys = template.landmarks68
    bend = RBFInterpolator(template.mean[keys], mean[landmarks68], kernel="linear", smoothing=GIVE_CM, degree=1)
    shapes = named_shapes(exp_basis, landmarks68, keys)
    places, moves = [bend(template.mean)], [np.asarray(mean[:skin], float)]
    for name in TELLING:
        places.append(np.tensordot(template.semantic[name], template.exp_basis, 1))
        moves.append(np.tensordot(shapes[name], exp_basis[:, :skin], 1))
    found = cKDTree(np.concatenate(moves, 1)).query(np.concatenate(places, 1))[1]
    found[keys] = landmarks68
    return found.astype(np.int64)
