"""Locally linear embedding: moves predicted landmarks towards the person's training frames.

Every predicted frame is reconstructed from its nearest training frames (Roweis & Saul, "Nonlinear dimensionality
reduction by locally linear embedding", 2000, equation 3; GeneFace, 2023, section 3.3).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

NEIGHBOURS = 10
"""Number K of neighbours (STAGES.md section 3)."""
RIDGE = 1.0e-2
"""Share of the mean eigenvalue added to the Gram matrix: 10 neighbours in 204 dimensions are often nearly dependent."""
SMOOTHING = (0.25, 0.5, 0.25)
"""Smoothing weights of the previous frame, the frame, and the next frame."""
_BLOCK = 512


def lle_refine(
    query: Float[np.ndarray, "T D"],
    database: Float[np.ndarray, "N D"],
    percent: float,
    neighbours: int = NEIGHBOURS,
    ridge: float = RIDGE,
) -> Float[np.ndarray, "T D"]:
    """Move every frame `percent` of the way to its reconstruction from the database.

    The correction is smoothed over time, not the result: neighbours change from frame to frame, but a lip closure of
    one frame must not be blurred.

    Args:
        query: predicted frames, contiguous in time; T = 1 is allowed.
        database: frames of the person.
        percent: 0 (nothing) .. 1 (the reconstruction).
        neighbours: K; fewer when the database is smaller.
        ridge: share of the mean eigenvalue of a frame's Gram matrix.
    """
    if percent == 0:
        return query.copy()
    step = np.concatenate(
        [
            reconstruct(query[i : i + _BLOCK], database, neighbours, ridge) - query[i : i + _BLOCK]
            for i in range(0, len(query), _BLOCK)
        ]
    )
    return query + percent * smoothed(step)


def reconstruct(
    query: Float[np.ndarray, "T D"], database: Float[np.ndarray, "N D"], neighbours: int, ridge: float
) -> Float[np.ndarray, "T D"]:
    """Weighted mean of each frame's nearest frames in the database."""
    near = database[nearest(query, database, neighbours)]
    return np.einsum("tk,tkd->td", weights(query, near, ridge), near)


def nearest(
    query: Float[np.ndarray, "T D"], database: Float[np.ndarray, "N D"], neighbours: int
) -> Int[np.ndarray, "T K"]:
    """Indices of the nearest rows of the database, the nearest first."""
    distance = (database**2).sum(1) - 2 * query @ database.T  # |query|^2 is equal for all rows.
    return np.argsort(distance, axis=1, kind="stable")[:, :neighbours]


def weights(
    query: Float[np.ndarray, "T D"], near: Float[np.ndarray, "T K D"], ridge: float
) -> Float[np.ndarray, "T K"]:
    """Weights with sum one that reconstruct the query best in the least-squares sense.

    With z_i = query - neighbour_i and the Gram matrix G_ij = z_i . z_j, they solve (G + ridge tr(G) / K I) w = 1, up to
    normalisation.
    """
    z = (query[:, None] - near).astype(np.float64)
    gram = np.einsum("tid,tjd->tij", z, z)
    count = gram.shape[1]
    trace = np.trace(gram, axis1=1, axis2=2)
    # Where the query equals all its neighbours, any weights are valid: the identity gives equal ones.
    strength = np.where(trace > 0, ridge * trace / count, 1.0)
    solution = np.linalg.solve(gram + strength[:, None, None] * np.eye(count), np.ones((len(z), count, 1)))[..., 0]
    return solution / solution.sum(1, keepdims=True)


def smoothed(values: Float[np.ndarray, "T D"]) -> Float[np.ndarray, "T D"]:
    """Weighted mean of each frame and its neighbours in time; the ends are repeated."""
    before, at, after = SMOOTHING
    padded = np.concatenate([values[:1], values, values[-1:]])
    return before * padded[:-2] + at * padded[1:-1] + after * padded[2:]
