"""Records the lips of the landmarks that a film's renderer was given, while the film is made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel

UPPER, LOWER = 62, 66
"""iBUG points of the inner lips' middles."""
MEASURED_S, LEAST_S = 60.0, 1.0
"""Seconds from a film's start that are measured (of film and footage: 0.8 s of CPU), and the shortest measured film."""
MM = 10.0
"""mm per cm."""


def lip_gap_mm(model: FaceModel, condition: Float[np.ndarray, "T 68 3"]) -> Float[np.ndarray, "T"]:
    """Distance between the middles of the inner lips, mm.

    Args:
        model: face model of the condition.
        condition: landmark condition, 1/10 cm.
    """
    upper, lower = (
        model.mean[model.landmarks68[point]] + condition[:, point] / CONDITION_SCALE for point in (UPPER, LOWER)
    )
    return MM * np.linalg.norm(upper - lower, axis=1)


@dataclass
class LipRecord:
    """Gap between the lips at each film position that was drawn.

    Args:
        model: face model of the person.
        last: film position after which nothing is recorded: memory does not grow with the film.
    """

    model: FaceModel
    last: float
    _positions: list[np.ndarray] = field(default_factory=list)
    _gaps: list[np.ndarray] = field(default_factory=list)

    def add(self, positions: Float[np.ndarray, "B"], condition: Float[np.ndarray, "B 68 3"]) -> None:
        """Record the landmarks of some frames.

        Args:
            positions: film positions, in frames of the clip's rate.
            condition: what the renderer is given there, 1/10 cm.
        """
        early = positions <= self.last
        if early.any():
            self._positions.append(positions[early])
            self._gaps.append(lip_gap_mm(self.model, condition[early]))

    def curve(self) -> Float[np.ndarray, "T"]:
        """Gap in each frame at the clip's rate, mm; NaN where nothing was drawn."""
        if not self._positions:
            return np.zeros(0)
        positions, gaps = np.concatenate(self._positions), np.concatenate(self._gaps)
        places, first = np.unique(positions, return_index=True)
        frames = np.arange(int(np.floor(places[-1])) + 1, dtype=float)
        # Films may be slower than the clip: what lies between two neighbouring frames is known.
        tick = max(1.0, float(np.median(np.diff(places)))) if len(places) > 1 else 1.0
        after = np.searchsorted(places, frames).clip(0, len(places) - 1)
        before = (after - (places[after] > frames)).clip(0)
        known = (np.abs(frames - places[before]) < tick) & (np.abs(places[after] - frames) < tick)
        return np.where(known, np.interp(frames, places, gaps[first]), np.nan)
