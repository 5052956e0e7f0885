"""Running mean and standard deviation of rows that do not fit in memory together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


class RunningMeanStd:
    """Running mean and standard deviation over batches of rows (Chan, Golub, LeVeque 1979: pairwise update).

    Example:
        >>> stats = RunningMeanStd()
        >>> stats.add(np.array([[1.0], [2.0]]))
        >>> stats.add(np.array([[6.0]]))
        >>> float(stats.mean[0]), round(float(stats.std[0]) ** 2, 3)
        (3.0, 4.667)
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: Float[np.ndarray, "C"] = np.zeros(0)
        self._squares: Float[np.ndarray, "C"] = np.zeros(0)

    def add(self, rows: Float[np.ndarray, "R C"]) -> None:
        """Add rows to the statistics."""
        if not len(rows):
            return
        rows = np.asarray(rows, np.float64)
        mean = rows.mean(0)
        squares = np.square(rows - mean).sum(0)
        if not self._count:
            self._count, self._mean, self._squares = len(rows), mean, squares
            return
        total = self._count + len(rows)
        away = mean - self._mean
        self._mean = self._mean + away * len(rows) / total
        self._squares = self._squares + squares + away**2 * self._count * len(rows) / total
        self._count = total

    @property
    def mean(self) -> Float[np.ndarray, "C"]:
        """Mean of all rows."""
        return self._mean.astype(np.float32)

    @property
    def std(self) -> Float[np.ndarray, "C"]:
        """Population standard deviation of all rows."""
        return np.sqrt(self._squares / self._count).astype(np.float32)
