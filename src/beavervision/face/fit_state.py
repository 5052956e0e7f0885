"""The unknowns and the evidence (tracked landmarks) of a clip's fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.camera import Camera
from beavervision.face.pose import rotation_from_vector

ROBUST_LIMIT = 3.0
"""Number of standard deviations beyond which an error has linear instead of quadratic loss (pseudo-Huber)."""
INDEPENDENT_SHARE = 0.25
"""Weight of each landmark: all come from one network, so their errors are not independent."""
PAIR_WEIGHT = 20.0
"""Weight of the squared error of a pair's difference: a tracker shifts both lips together, but their gap is
accurate."""
DEPTH_WEIGHT = 0.03
"""Weight of the squared error of a landmark's depth, which trackers estimate poorly."""


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
        """Apply a step (w, shift, expression); absent parts leave the turn, the shift or the expression unchanged."""
        rotation, translation, expression = self.rotation, self.translation, self.expression
        if step.shape[1] >= 6:
            rotation = rotation_from_vector(step[:, :3]) @ rotation
            translation = translation + step[:, 3:6]
        if step.shape[1] > 6:
            expression = expression + step[:, 6:]
        return Track(rotation, translation, expression)

    def with_expression(self, expression: Float[np.ndarray, "F E"]) -> Track:
        """Return the same poses with another expression."""
        return Track(self.rotation, self.translation, expression)

    def replaced(self, rows: np.ndarray | slice, other: Track) -> Track:
        """Return a copy whose `rows` are those of `other`."""
        rotation, translation, expression = self.rotation.copy(), self.translation.copy(), self.expression.copy()
        rotation[rows], translation[rows], expression[rows] = other.rotation, other.translation, other.expression
        return Track(rotation, translation, expression)

    @classmethod
    def joined(cls, parts: Sequence[Track]) -> Track:
        """Concatenate the frames of all parts."""
        return cls(
            np.concatenate([part.rotation for part in parts]),
            np.concatenate([part.translation for part in parts]),
            np.concatenate([part.expression for part in parts]),
        )


@dataclass(frozen=True)
class Evidence:
    """Landmarks of F frames and their uncertainty."""

    pixels: Float[np.ndarray, "F N C"]
    """C = 2, or 3 with the tracker's depth, which is known up to a constant per frame."""
    weight: Float[np.ndarray, "N"]
    noise: Float[np.ndarray, "F"]
    """Standard deviation of a landmark, px."""
    pairs: Int[np.ndarray, "Q 2"] = field(default_factory=lambda: np.zeros((0, 2), int))
    """Pairs of landmarks whose difference is separate evidence: their errors are strongly correlated."""

    def __getitem__(self, rows: slice | np.ndarray) -> Evidence:
        return replace(self, pixels=self.pixels[rows], noise=self.noise[rows])

    def gaps(self, values: Float[np.ndarray, "F N *c"]) -> Float[np.ndarray, "F Q *c"]:
        """Differences of the pairs."""
        return values[:, self.pairs[:, 0]] - values[:, self.pairs[:, 1]]

    @property
    def deep(self) -> bool:
        """Whether the evidence includes the tracker's depth."""
        return self.pixels.shape[-1] == 3

    def flat(self) -> Evidence:
        """The same evidence without depth."""
        return replace(self, pixels=self.pixels[..., :2])

    def error(self, pixels: Float[np.ndarray, "F N C"]) -> Float[np.ndarray, "F N C"]:
        """Projected landmarks minus tracked ones."""
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
        """Weight of each squared error, of N landmarks and Q gaps, in the local quadratic approximation of the loss."""
        frames, n, columns = error.shape
        certainty = INDEPENDENT_SHARE / self.noise[:, None] ** 2
        square = (error[..., :2] ** 2).sum(-1) / self.noise[:, None] ** 2
        pull = np.zeros((frames, n + len(self.pairs), columns))
        pull[:, :n, :2] = (certainty * self.weight / np.sqrt(1.0 + square / ROBUST_LIMIT**2))[..., None]
        pull[:, :n, 2:] = DEPTH_WEIGHT * certainty[..., None]
        pull[:, n:, :2] = PAIR_WEIGHT * certainty[..., None]
        return pull


def level(values: Float[np.ndarray, "F N C *p"]) -> Float[np.ndarray, "F N C *p"]:
    """Subtract the mean over the landmarks from the depth: only differences of depth are known."""
    if values.shape[2] == 3:
        values[:, :, 2] -= values[:, :, 2].mean(1, keepdims=True)
    return values


@dataclass(frozen=True)
class Face:
    """A person's landmarks in head space: the neutral face, and the offsets of the expressions."""

    rest: Float[np.ndarray, "N 3"]
    basis: Float[np.ndarray, "E N 3"]
    precision: Float[np.ndarray, "E E"]
    """Prior precision of the expression."""

    def points(self, expression: Float[np.ndarray, "F E"]) -> Float[np.ndarray, "F N 3"]:
        """Landmarks in head space, cm."""
        moved = expression @ self.basis.reshape(len(self.basis), -1)
        return self.rest + moved.reshape(len(expression), *self.rest.shape)

    def at(self, keys: np.ndarray) -> Face:
        """The same face with only some of the landmarks."""
        return Face(self.rest[keys], self.basis[:, keys], self.precision)


@dataclass(frozen=True)
class Scene:
    """The parameters that all frames share: the face and the camera."""

    face: Face
    camera: Camera
