"""A face track: one face in successive frames."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from beavervision.preprocess.colour_signature import LENGTH
from beavervision.preprocess.crop import SquareCrop

UNSEEN = np.zeros(LENGTH, np.float32)
"""Colour signature of a frame where it was not computed."""

VELOCITY_OVER = 4
"""Number of frames over which the velocity of a face is measured."""


@dataclass
class FaceTrack:
    """One face in successive frames; a track never crosses a cut."""

    first: int
    """Index of the first frame."""
    landmarks: list[Float[np.ndarray, "478 3"]] = field(default_factory=list)
    """Full-frame px, one entry per frame from `first` on."""
    sharpness: list[float] = field(default_factory=list)
    """See `sharpness.sharpness`; one entry per frame, NaN where it was not measured."""
    portraits: list[Float[np.ndarray, "72"]] = field(default_factory=list)
    """See `colour_signature.colour_signature`; one entry per frame, 0 where it was not computed."""
    scores: list[float] = field(default_factory=list)
    """Detector score; one entry per frame, 0 where no detector ran or none found the face."""

    def __post_init__(self) -> None:
        """Fill in the missing arrays."""
        self.sharpness += [np.nan] * (len(self.landmarks) - len(self.sharpness))
        self.scores += [0.0] * (len(self.landmarks) - len(self.scores))
        self.portraits += [UNSEEN] * (len(self.landmarks) - len(self.portraits))

    @property
    def stop(self) -> int:
        """Index after the last frame."""
        return self.first + len(self.landmarks)

    @property
    def square(self) -> SquareCrop:
        """Square of the face in the last frame."""
        return SquareCrop.round_landmarks(self.landmarks[-1])

    @property
    def opening(self) -> SquareCrop:
        """Square of the face in the first frame."""
        return SquareCrop.round_landmarks(self.landmarks[0])

    @property
    def velocity(self) -> Float[np.ndarray, "2"]:
        """Velocity of the face in its last frames, pixels per frame."""
        return _velocity(self.landmarks[-VELOCITY_OVER - 1 :])

    @property
    def velocity_at_first(self) -> Float[np.ndarray, "2"]:
        """Velocity of the face in its first frames, pixels per frame."""
        return _velocity(self.landmarks[: VELOCITY_OVER + 1])

    def append(
        self, landmarks: Float[np.ndarray, "478 3"], sharpness: float, portrait: np.ndarray, score: float
    ) -> None:
        """Append a frame."""
        self.landmarks.append(landmarks.astype(np.float32))
        self.sharpness.append(sharpness)
        self.portraits.append(portrait)
        self.scores.append(score)

    def shorten(self, stop: int) -> None:
        """Remove the frames from index `stop` on."""
        for rows in (self.landmarks, self.sharpness, self.portraits, self.scores):
            del rows[stop - self.first :]

    def part(self, first: int, stop: int) -> FaceTrack:
        """Frames `first` to `stop` (indices of the clip) as a separate track."""
        rows = slice(first - self.first, stop - self.first)
        return FaceTrack(first, self.landmarks[rows], self.sharpness[rows], self.portraits[rows], self.scores[rows])

    def split(self, firsts: Iterable[int]) -> list[FaceTrack]:
        """Split the track at these frames of the clip."""
        inner = sorted({int(cut) for cut in firsts if self.first < cut < self.stop})
        borders = [self.first, *inner, self.stop]
        return [self.part(a, b) for a, b in itertools.pairwise(borders)]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays for storage: `first` [1], and per frame `landmarks`, `sharpness`, `portraits`, `scores`."""
        return {
            "first": np.array([self.first]),
            "landmarks": np.stack(self.landmarks),
            "sharpness": np.array(self.sharpness, np.float32),
            "portraits": np.stack(self.portraits),
            "scores": np.array(self.scores, np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> FaceTrack:
        """Return the track from the arrays of `to_arrays`."""
        return cls(
            int(arrays["first"][0]),
            list(arrays["landmarks"]),
            arrays["sharpness"].tolist(),
            list(arrays["portraits"]),
            arrays["scores"].tolist(),
        )


def landmark_box(landmarks: Float[np.ndarray, "*n 478 d"]) -> Float[np.ndarray, "*n 4"]:
    """Box x0 y0 x1 y1 of a face's landmarks, px."""
    flat = landmarks[..., :2]
    return np.concatenate([flat.min(-2), flat.max(-2)], -1)


def _velocity(landmarks: Sequence[Float[np.ndarray, "478 3"]]) -> Float[np.ndarray, "2"]:
    if len(landmarks) < 2:
        return np.zeros(2)
    way = landmark_box(landmarks[-1]).reshape(2, 2).mean(0) - landmark_box(landmarks[0]).reshape(2, 2).mean(0)
    return way / (len(landmarks) - 1)
