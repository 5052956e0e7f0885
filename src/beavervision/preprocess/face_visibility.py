"""Position and sharpness of one person's face in the image over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.crop import SquareCrop

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


SIZE = 64
"""Size of the crop in which sharpness is measured, px: details of 1/64 of a face, where blur begins to move landmarks
and where film grain and coding noise are gone."""

FAINT = 4.0
"""Contrast below which sharpness is undefined, grey values."""


def sharpness(rgb: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"]) -> float:
    """Contrast of the finest details of a face relative to its total contrast; about 0.5 for a sharp one.

    Details are the geometric mean of the second differences in both directions, so that motion blur, which preserves
    one of them, is detected. The value does not depend on the light, nor on the face's size above SIZE pixels.

    Args:
        rgb: the frame.
        box: x0 y0 x1 y1 of the face's landmarks, px.
    """
    crop = SquareCrop.round_box(box, margin=1.0).cut(rgb, SIZE)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = np.diff(grey, 2, axis=1), np.diff(grey, 2, axis=0)
    return float(np.sqrt(across.std() * down.std()) / max(float(grey.std()), FAINT))
