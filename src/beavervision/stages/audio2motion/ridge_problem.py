"""Ridge regression of a person's motion on the condition of the general network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

MIN_STD = 1.0e-6


class Setting(NamedTuple):
    """What cross-validation chooses."""

    ridge: float
    """Strength of the ridge; infinite for a readout that only has the mean pose."""
    prior_share: float
    head_share: float


GENERAL = Setting(np.inf, 1.0, 1.0)
"""The general network with the person's mean pose."""


@dataclass(frozen=True)
class Rows:
    """Frames of the training split whose motion is known, and frames of silence with the face at rest."""

    condition: Float[np.ndarray, "N F"]
    """Input of the readout."""
    prior: Float[np.ndarray, "N E"]
    """Motion of the general network."""
    plain: Float[np.ndarray, "N E"]
    """The same without the opening head."""
    truth: Float[np.ndarray, "N E"]
    time: Int[np.ndarray, "N"]
    """Frame number in the training split; samples are separated by more than GUARD_FRAMES. -1 for silence."""

    def part(self, chosen: Bool[np.ndarray, "N"]) -> Rows:
        """Return some of the frames."""
        return Rows(*(array[chosen] for array in vars(self).values()))

    def mixed(self, head_share: float) -> Float[np.ndarray, "N E"]:
        """Motion of the general network with a share of its opening head."""
        return self.plain + head_share * (self.prior - self.plain)

    @property
    def spoken(self) -> Rows:
        """The frames of the training split."""
        return self.part(self.time >= 0)


@dataclass(frozen=True)
class Solution:
    """Readout with its bias, for a share of the general motion."""

    weight: Float[np.ndarray, "F E"]
    bias: Float[np.ndarray, "E"]
    prior_share: float
    head_share: float

    def predict(self, rows: Rows) -> Float[np.ndarray, "N E"]:
        """Motion of some frames."""
        return self.prior_share * rows.mixed(self.head_share) + rows.condition @ self.weight + self.bias


class RidgeProblem:
    """Ridge regression on standardised inputs, decomposed once for all strengths and shares.

    Args:
        rows: training frames.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._mean, self._std = rows.condition.mean(0), rows.condition.std(0) + MIN_STD
        self._standard = (rows.condition - self._mean) / self._std

    @cached_property
    def _decomposition(self) -> tuple[Float[np.ndarray, "F"], Float[np.ndarray, "F F"]]:
        values, vectors = np.linalg.eigh(self._standard.T @ self._standard / len(self._standard))
        return values.clip(min=0), vectors

    def solve(self, setting: Setting) -> Solution:
        """Minimise the mean squared error plus `ridge` times the squared weights."""
        ridge, prior_share, head_share = setting
        target = self._rows.truth - prior_share * self._rows.mixed(head_share)
        middle = target.mean(0)
        if np.isinf(ridge):
            weight = np.zeros((self._standard.shape[1], target.shape[1]))
            return Solution(weight, middle, prior_share, head_share)
        values, vectors = self._decomposition
        product = vectors.T @ (self._standard.T @ (target - middle)) / len(target)
        weight = vectors @ (product / (values + ridge)[:, None]) / self._std[:, None]
        return Solution(weight, middle - self._mean @ weight, prior_share, head_share)
