"""The unknowns and the evidence of a clip's fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.face.camera import Camera
from beavervision.face.pose import rotation_from_vector

ROBUST_LIMIT = 3.0
"""Errors of more than this many standard deviations pull no harder than linearly (pseudo-Huber loss)."""
INDEPENDENT_SHARE = 0.25
"""Landmarks come from one network, so their errors are not independent: each counts as this much of a witness."""


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

    pixels: Float[np.ndarray, "F N 2"]
    weight: Float[np.ndarray, "N"]
    noise: Float[np.ndarray, "F"]
    """Standard deviation of a landmark, px."""

    def __getitem__(self, rows: slice | np.ndarray) -> Evidence:
        return Evidence(self.pixels[rows], self.weight, self.noise[rows])

    def loss(self, pixels: Float[np.ndarray, "F N 2"]) -> Float[np.ndarray, "F"]:
        """Negative log-likelihood of projected landmarks (pseudo-Huber); infinite where one is NaN."""
        square = (((pixels - self.pixels) / self.noise[:, None, None]) ** 2).sum(-1)
        robust = ROBUST_LIMIT**2 * (np.sqrt(1.0 + square / ROBUST_LIMIT**2) - 1.0)
        return np.nan_to_num(INDEPENDENT_SHARE * (robust * self.weight).sum(-1), nan=np.inf)

    def pull(self, pixels: Float[np.ndarray, "F N 2"]) -> Float[np.ndarray, "F N"]:
        """Weight of each squared pixel error in the quadratic that touches the loss here."""
        square = (((pixels - self.pixels) / self.noise[:, None, None]) ** 2).sum(-1)
        certainty = INDEPENDENT_SHARE * self.weight / self.noise[:, None] ** 2
        return certainty / np.sqrt(1.0 + square / ROBUST_LIMIT**2)


@dataclass(frozen=True)
class Face:
    """A person's landmarks in head space: at rest, and how expression moves them."""

    rest: Float[np.ndarray, "N 3"]
    basis: Float[np.ndarray, "E N 3"]

    def points(self, expression: Float[np.ndarray, "F E"]) -> Float[np.ndarray, "F N 3"]:
        """Landmarks in head space, cm."""
        moved = expression @ self.basis.reshape(len(self.basis), -1)
        return self.rest + moved.reshape(len(expression), *self.rest.shape)

    def at(self, keys: np.ndarray) -> Face:
        """The same of some landmarks only."""
        return Face(self.rest[keys], self.basis[:, keys])


@dataclass(frozen=True)
class Scene:
    """What stays the same over the frames: whose face it is and which camera sees it."""

    face: Face
    camera: Camera
