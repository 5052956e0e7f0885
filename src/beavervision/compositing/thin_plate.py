"""Thin-plate splines in the plane (Bookstein, PAMI 1989): the smoothest motion that carries some points along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numba import njit

TINY = 1e-20


@dataclass(frozen=True)
class ThinPlateSpline:
    """A fitted spline; lengths are scaled to the extent of its knots."""

    knots: Float[np.ndarray, "N 2"]
    weights: Float[np.ndarray, "K C"]
    """Of the knots, then of 1, x and y."""
    centre: Float[np.ndarray, "2"]
    extent: float

    @classmethod
    def fit(
        cls, knots: Float[np.ndarray, "N 2"], values: Float[np.ndarray, "N C"], smoothing: float
    ) -> ThinPlateSpline:
        """The spline through `values` at `knots`.

        Args:
            knots: places.
            values: of each channel there.
            smoothing: relaxation; 0 passes through every value.
        """
        centre, extent = knots.mean(0), max(float(np.ptp(knots, 0).max()), 1e-6)
        known, count = (knots - centre) / extent, len(knots)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _bend(known, known) + np.eye(count) * smoothing * 1e-3
        system[:count, count:] = np.column_stack([np.ones(count), known])
        system[count:, :count] = system[:count, count:].T
        right = np.concatenate([values, np.zeros((3, values.shape[1]))])
        try:
            weights = np.linalg.solve(system, right)
        except np.linalg.LinAlgError:  # knots that coincide, and no relaxation
            weights = np.linalg.lstsq(system, right, rcond=None)[0]
        return cls(known, weights, centre, extent)

    def at(self, points: Float[np.ndarray, "G 2"]) -> Float[np.ndarray, "G C"]:
        """Values at some points."""
        asked, count = (points - self.centre) / self.extent, len(self.knots)
        plane = np.column_stack([np.ones(len(asked)), asked]) @ self.weights[count:]
        return _bend(asked, self.knots) @ self.weights[:count] + plane

    def on_grid(self, step: float, columns: int, rows: int) -> Float[np.ndarray, "P rows columns 2"]:
        """Values at the points k * step, channels in pairs; compiled, equals `at`."""
        result = np.empty((self.weights.shape[1] // 2, rows, columns, 2), np.float32)
        _evaluate(self.knots, self.weights, self.centre, self.extent, float(step), result)
        return result


def _bend(a: Float[np.ndarray, "A 2"], b: Float[np.ndarray, "B 2"]) -> Float[np.ndarray, "A B"]:
    """r^2 log r of all distances; 0 at r = 0."""
    square = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * square * np.log(np.maximum(square, TINY))


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(knots, weights, centre, extent, step, result) -> None:  # noqa: ANN001 -- numba infers the types
    """See `ThinPlateSpline.on_grid`."""
    count, channels = len(knots), weights.shape[1]
    total = np.empty(channels, np.float64)
    for row in range(result.shape[1]):
        y = (row * step - centre[1]) / extent
        for column in range(result.shape[2]):
            x = (column * step - centre[0]) / extent
            for c in range(channels):
                total[c] = weights[count, c] + weights[count + 1, c] * x + weights[count + 2, c] * y
            for k in range(count):
                dx, dy = x - knots[k, 0], y - knots[k, 1]
                square = dx * dx + dy * dy
                bend = 0.5 * square * np.log(max(square, TINY))
                for c in range(channels):
                    total[c] += bend * weights[k, c]
            for c in range(channels):
                result[c // 2, row, column, c % 2] = total[c]
