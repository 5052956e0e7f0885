"""Loop subdivision as a sparse matrix, so that a linear face model stays linear on the fine mesh.

Loop, "Smooth subdivision surfaces based on triangles" (1987), with the boundary rules of Hoppe et al. (1994).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse


def _edges(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unique edges [E,2], edge of each triangle side [F,3] (ab, bc, ca), triangles per edge [E]."""
    sides = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1)
    flat = np.sort(sides.reshape(-1, 2), axis=1)
    edges, index, count = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    return edges, index.reshape(-1, 3), count


def _edge_rule(
    triangles: np.ndarray, edges: np.ndarray, index: np.ndarray, count: np.ndarray, n: int
) -> sparse.csr_matrix:
    """Rows of the edge points: 3/8 of the ends and 1/8 of the opposite corners; on a boundary, the middle."""
    inner = count == 2
    ends = np.where(inner, 3 / 8, 1 / 2)
    opposite = np.roll(triangles, -2, axis=1).ravel()
    owner = index.ravel()
    keep = inner[owner]
    rows = np.concatenate([np.arange(len(edges)), np.arange(len(edges)), owner[keep]])
    columns = np.concatenate([edges[:, 0], edges[:, 1], opposite[keep]])
    values = np.concatenate([ends, ends, np.full(keep.sum(), 1 / 8)])
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(edges), n))


def _vertex_rule(edges: np.ndarray, count: np.ndarray, n: int) -> sparse.csr_matrix:
    """Rows of the old vertices: Warren's weights inside, 1/8 3/4 1/8 along a boundary."""
    boundary = np.zeros(n, bool)
    boundary[edges[count == 1]] = True
    valence = np.bincount(edges.ravel(), minlength=n)
    beta = np.where(valence == 3, 3 / 16, 3 / (8 * np.maximum(valence, 1)))
    both = np.concatenate([edges, edges[:, ::-1]])
    rim = np.concatenate([count, count]) == 1
    weight = np.where(boundary[both[:, 0]], np.where(rim, 1 / 8, 0.0), beta[both[:, 0]])
    own = np.where(boundary, 3 / 4, 1 - valence * beta)
    rows = np.concatenate([both[:, 0], np.arange(n)])
    columns = np.concatenate([both[:, 1], np.arange(n)])
    return sparse.csr_matrix((np.concatenate([weight, own]), (rows, columns)), shape=(n, n))


def subdivide(triangles: Int[np.ndarray, "F 3"], n: int) -> tuple[sparse.csr_matrix, Int[np.ndarray, "G 3"]]:
    """One step of Loop subdivision of a mesh with `n` vertices.

    Returns:
        The matrix from old vertices to new ones (the first `n` rows are the moved old vertices), and the new triangles;
            triangle f becomes 4f .. 4f + 3.
    """
    edges, index, count = _edges(triangles)
    matrix = sparse.csr_matrix(
        sparse.vstack([_vertex_rule(edges, count, n), _edge_rule(triangles, edges, index, count, n)])
    )
    ab, bc, ca = (index + n).T
    a, b, c = triangles.T
    children = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]])
    return matrix, children.transpose(2, 0, 1).reshape(-1, 3)


def subdivide_times(
    triangles: Int[np.ndarray, "F 3"], n: int, levels: int
) -> tuple[sparse.csr_matrix, Int[np.ndarray, "G 3"]]:
    """`levels` steps of Loop subdivision; triangle f becomes 4^levels f and those after it."""
    matrix = sparse.csr_matrix(sparse.identity(n, format="csr"))
    for _ in range(levels):
        step, triangles = subdivide(triangles, matrix.shape[0])  # pyright: ignore[reportOptionalSubscript]  # never None; SciPy has no stubs
        matrix = sparse.csr_matrix(step @ matrix)
    return matrix, triangles


def interpolating(
    matrix: sparse.csr_matrix, fixed: int
) -> tuple[Float[np.ndarray, "N fixed"], Float[np.ndarray, "N rest"]]:
    """Make subdivision pass through its first `fixed` control vertices.

    The control vertices are chosen so that the fine vertices 0 .. fixed-1 equal the given points: fine = P @ points + Q
    @ others, where `others` are the control vertices after the first `fixed`.
    """
    own, others = matrix[:fixed, :fixed].toarray(), matrix[:fixed, fixed:].toarray()
    inverse = np.linalg.inv(own)
    to_points = matrix[:, :fixed] @ inverse
    to_others = matrix[:, fixed:].toarray() - to_points @ others
    return to_points, to_others
