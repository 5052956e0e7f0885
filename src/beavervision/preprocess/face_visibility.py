"""Position of one person's face in the image over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

SIDE_BY_SIDE = 0.5
"""Difference of median positions, in face heights, from which people are called left and right."""

PLACES = {2: ("left", "right"), 3: ("left", "middle", "right")}
"""Names of people who are side by side, by their number."""


@dataclass(frozen=True)
class FacePresence:
    """One person's face in every frame of the clip."""

    box: Float[np.ndarray, "T 4"]
    """Box x0 y0 x1 y1 of the face's landmarks, full-frame px; NaN where the face was not found."""

    @property
    def seen(self) -> Bool[np.ndarray, "T"]:
        """Frames in which the face was found."""
        return np.isfinite(self.box).all(1)

    @property
    def n_frames(self) -> int:
        """Number of frames in which the face was found."""
        return int(self.seen.sum())

    @property
    def heights(self) -> Float[np.ndarray, "T"]:
        """Height of the face in each frame, px."""
        return self.box[:, 3] - self.box[:, 1]

    @property
    def height(self) -> float:
        """Median height of the face, px."""
        return float(np.nanmedian(self.heights))

    @property
    def size(self) -> float:
        """Height summed over the frames that show the face, px: the prominence of the person."""
        return float(np.nansum(self.heights, dtype=float))

    @property
    def centre(self) -> tuple[float, float]:
        """Median position of the face, px."""
        x, y = np.nanmedian(self.box.reshape(-1, 2, 2).mean(1), axis=0)
        return float(x), float(y)


def names(people: Sequence[FacePresence]) -> list[str]:
    """Names of the people: left, middle, right where two or three are side by side; else person 0, person 1 ...

    People are side by side if neighbours are visible together in at least one frame and their positions differ.

    Args:
        people: people from left to right, as `reidentification.join_tracks` returns them.
    """
    words = PLACES.get(len(people))
    pairs = list(itertools.pairwise(people))
    if words is None or not all(_side_by_side(left, right) for left, right in pairs):
        return [f"person {i}" for i in range(len(people))]
    return list(words)


def _side_by_side(left: FacePresence, right: FacePresence) -> bool:
    apart = right.centre[0] - left.centre[0] > SIDE_BY_SIDE * max(left.height, right.height)
    return apart and bool((left.seen & right.seen).any())
