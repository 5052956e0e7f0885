"""Smooth displacement fields over the face mesh."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve


def laplacian(points: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """Row-normalised inverse-edge-length Laplacian [V, V] of the mesh; symmetric under its mirror map."""
    n = len(points)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.unique(np.sort(ends, 1), axis=0)
    weight = 1.0 / np.maximum(np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1), 0.15)
    graph = sp.coo_matrix((weight, (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()
    graph = graph + graph.T
    degree = np.asarray(graph.sum(1)).ravel()
    degree[degree == 0] = 1.0
    return sp.eye(n, format="csr") - sp.diags(1.0 / degree) @ graph


class Sheet:
    """The skin as an elastic sheet: interpolates displacements that are given at a few vertices.

    Minimises |L u|^2 + membrane u'Lu + ground |u|^2 under hard constraints (biharmonic deformation, Botsch and
    Kobbelt, "An Intuitive Framework for Real-Time Freeform Modeling", SIGGRAPH 2004).
    """

    def __init__(self, points: np.ndarray, faces: np.ndarray) -> None:
        self.points = points
        self.laplacian = laplacian(points, faces)

    def pull(
        self,
        handles: Mapping[int, np.ndarray | float],
        fixed: np.ndarray,
        membrane: float = 0.02,
        ground: float = 0.0,
    ) -> np.ndarray:
        """Displacement of every vertex.

        Args:
            handles: vertex -> displacement, scalar or vector (cm).
            fixed: vertices that do not move.
            membrane: resistance to stretching; higher values give a more linear falloff.
            ground: resistance to any motion; higher values give a more local field.

        Returns:
            [V] or [V, 3], like the handles.
        """
        held = np.array(sorted(set(handles) | set(np.asarray(fixed).tolist())))
        shape = np.shape(next(iter(handles.values())))
        value = np.array([handles.get(int(v), np.zeros(shape)) for v in held], dtype=float)
        free = np.setdiff1d(np.arange(len(self.points)), held)
        smooth = self.laplacian
        energy = smooth.T @ smooth + membrane * 0.5 * (smooth + smooth.T) + ground * sp.eye(len(self.points))
        energy = energy.tocsr()
        field = np.zeros((len(self.points), *shape))
        field[held] = value
        pulled = spsolve(energy[free][:, free].tocsc(), -energy[free][:, held] @ value)
        field[free] = pulled.reshape(len(free), *shape)
        return field

    def soften(self, field: np.ndarray, rounds: int, strength: float = 0.5) -> np.ndarray:
        """Average a field [V, ...] with its neighbours, `rounds` times."""
        for _ in range(rounds):
            field = field - strength * (self.laplacian @ field)
        return field
