"""The unknowns and the evidence of a clip's fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.camera import Camera
from beavervision.face.pose import rotation_from_vector

ROBUST_LIMIT = 3.0
"""Errors of more than this many standard deviations pull no harder than linearly (pseudo-Huber loss)."""
INDEPENDENT_SHARE = 0.25
"""Landmarks come from one network, so their errors are not independent: each counts as this much of a witness."""
PAIR_WEIGHT = 20.0
"""Weight of the squared error of a pair's difference: a tracker misplaces both lips together, their gap it sees."""
DEPTH_WEIGHT = 0.03
"""Weight of the squared error of a landmark's depth, which a tracker guesses rather than sees."""


@dataclass(frozen=True)
class Track:
    """Pose and expression of F frames."""

    rotation: Float[np.ndarray, "F 3 3"]
    translation: Float[np.ndarray, "F 3"]
    expression: Float[np.ndarray, "F E"]

    def __len__(self) -> int:
        return len(self.rotation)

    def __getitem__(self, rows: slice | np.ndarray) -> Track:
        return Track(self.rotation[rows], self.translation[rows], self.expression[rows])

    def moved(self, step: Float[np.ndarray, "F P"]) -> Track:
        """Turn, shift and change the expression by a step (w, shift, expression), parts that are absent not at all."""
        rotation, translation, expression = self.rotation, self.translation, self.expression
        if step.shape[1] >= 6:
            rotation = rotation_from_vector(step[:, :3]) @ rotation
            translation = translation + step[:, 3:6]
        if step.shape[1] > 6:
            expression = expression + step[:, 6:]
        return Track(rotation, translation, expression)

    def with_expression(self, expression: Float[np.ndarray, "F E"]) -> Track:
        """The same poses with another expression."""
        return Track(self.rotation, self.translation, expression)

    def replaced(self, rows: np.ndarray | slice, other: Track) -> Track:
        """A copy whose `rows` are those of `other`."""
        rotation, translation, expression = self.rotation.copy(), self.translation.copy(), self.expression.copy()
        rotation[rows], translation[rows], expression[rows] = other.rotation, other.translation, other.expression
        return Track(rotation, translation, expression)

    @classmethod
    def joined(cls, parts: Sequence[Track]) -> Track:
        """The frames of all parts, one after the other."""
        return cls(
            np.concatenate([part.rotation for part in parts]),
            np.concatenate([part.translation for part in parts]),
            np.concatenate([part.expression for part in parts]),
        )


@dataclass(frozen=True)
class Evidence:
    """Landmarks of F frames and how far to trust them."""

    pixels: Float[np.ndarray, "F N C"]
    """C = 2, or 3 with the tracker's depth, of which a constant is unknown in every frame."""
    weight: Float[np.ndarray, "N"]
    noise: Float[np.ndarray, "F"]
    """Standard deviation of a landmark, px."""
    pairs: Int[np.ndarray, "Q 2"] = field(default_factory=lambda: np.zeros((0, 2), int))
    """Landmarks whose distance is evidence of its own: both are wrong by the same amount more often than not."""

    def __getitem__(self, rows: slice | np.ndarray) -> Evidence:
        return replace(self, pixels=self.pixels[rows], noise=self.noise[rows])

    def gaps(self, values: Float[np.ndarray, "F N *c"]) -> Float[np.ndarray, "F Q *c"]:
        """Differences of the pairs."""
        return values[:, self.pairs[:, 0]] - values[:, self.pairs[:, 1]]

    @property
    def deep(self) -> bool:
        """Whether the tracker's depth is there."""
        return self.pixels.shape[-1] == 3

    def flat(self) -> Evidence:
        """The same without the depth."""
        return replace(self, pixels=self.pixels[..., :2])

    def error(self, pixels: Float[np.ndarray, "F N C"]) -> Float[np.ndarray, "F N C"]:
        """Projected landmarks minus those seen."""
        return level(pixels - self.pixels)

    def loss(self, pixels: Float[np.ndarray, "F N C"]) -> Float[np.ndarray, "F"]:
        """Negative log-likelihood of projected landmarks (pseudo-Huber); infinite where one is NaN."""
        error = self.error(pixels) / self.noise[:, None, None]
        square = (error[..., :2] ** 2).sum(-1)
        robust = ROBUST_LIMIT**2 * (np.sqrt(1.0 + square / ROBUST_LIMIT**2) - 1.0)
        total = (robust * self.weight).sum(-1)
        total += 0.5 * PAIR_WEIGHT * (self.gaps(error[..., :2]) ** 2).sum((-2, -1))
        total += 0.5 * DEPTH_WEIGHT * (error[..., 2:] ** 2).sum((-2, -1))
        return np.nan_to_num(INDEPENDENT_SHARE * total, nan=np.inf)

    def pull(self, error: Float[np.ndarray, "F N C"]) -> Float[np.ndarray, "F M C"]:
        """Weight of each squared error, of N landmarks and Q gaps, in the quadratic that touches the loss there."""
        frames, n, columns = error.shape
        certainty = INDEPENDENT_SHARE / self.noise[:, None] ** 2
        square = (error[..., :2] ** 2).sum(-1) / self.noise[:, None] ** 2
        pull = np.zeros((frames, n + len(self.pairs), columns))
        pull[:, :n, :2] = (certainty * self.weight / np.sqrt(1.0 + square / ROBUST_LIMIT**2))[..., None]
        pull[:, :n, 2:] = DEPTH_WEIGHT * certainty[..., None]
        pull[:, n:, :2] = PAIR_WEIGHT * certainty[..., None]
        return pull


def level(values: Float[np.ndarray, "F N C *p"]) -> Float[np.ndarray, "F N C *p"]:
    """Take the mean over the landmarks from the depth: only differences of depth are known."""
    if values.shape[2] == 3:
        values[:, :, 2] -= values[:, :, 2].mean(1, keepdims=True)
    return values


@dataclass(frozen=True)
class Face:
    """A person's landmarks in head space: at rest, and how expression moves them."""

    rest: Float[np.ndarray, "N 3"]
    basis: Float[np.ndarray, "E N 3"]
    precision: Float[np.ndarray, "E E"]
    """Prior precision of the expression."""

    def points(self, expression: Float[np.ndarray, "F E"]) -> Float[np.ndarray, "F N 3"]:
        """Landmarks in head space, cm."""
        moved = expression @ self.basis.reshape(len(self.basis), -1)
        return self.rest + moved.reshape(len(expression), *self.rest.shape)

    def at(self, keys: np.ndarray) -> Face:
        """The same of some landmarks only."""
        return Face(self.rest[keys], self.basis[:, keys], self.precision)


@dataclass(frozen=True)
class Scene:
    """What stays the same over the frames: whose face it is and which camera sees it."""

    face: Face
    camera: Camera
