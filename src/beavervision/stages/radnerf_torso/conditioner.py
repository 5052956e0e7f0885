"""Conditions of the torso field, from the head's pose and the shoulders.

Coordinates of the field: x right, y down, origin in the middle of the canvas, unit = half the canvas's height.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from beavervision.stages.source_track import SourceTrack

JAW = slice(5, 12)
"""iBUG points 5 .. 11: the seven of the chin and lower jaw (as in GeneFace++'s torso)."""

RIDGE = 1e-3
"""Lower limit of a coordinate's standard deviation, in the field's unit, so that nearly constant coordinates are not
amplified."""


@dataclass(frozen=True)
class TorsoCondition:
    """Condition of each frame."""

    points: Float[np.ndarray, "B C"]
    """Jaw and body keypoints on the canvas, normalised by the training frames and clamped to their range."""
    head: Float[np.ndarray, "B 2 3"]
    """Similarity that maps the frame's points to the mean head pose."""
    body: Float[np.ndarray, "B 2 3"]
    """Similarity that maps the frame's points to the mean shoulder pose."""

    def take(self, frames: np.ndarray) -> TorsoCondition:
        """Select the condition of the given frames, in their order."""
        return TorsoCondition(self.points[frames], self.head[frames], self.body[frames])


@dataclass(frozen=True)
class TorsoConditioner:
    """Converts poses to conditions with the statistics of the training frames."""

    jaw: Float[np.ndarray, "7 3"]
    """Jaw points of the neutral face, head space, cm."""
    size: Float[np.ndarray, "2"]
    """Canvas width and height, px."""
    mean: Float[np.ndarray, "10 2"]
    std: Float[np.ndarray, "10 2"]
    low: Float[np.ndarray, "10 2"]
    high: Float[np.ndarray, "10 2"]

    @classmethod
    def fit(cls, jaw: Float[np.ndarray, "7 3"], size: tuple[int, int], track: SourceTrack) -> TorsoConditioner:
        """Compute the statistics of `track`, all of whose frames must be visible training frames."""
        canvas = np.asarray(size, np.float64)
        blank = np.zeros((len(jaw) + 3, 2))
        points = cls(jaw, canvas, blank, blank + 1, blank, blank).keypoints(
            track.rotation, track.translation, track.cameras, track.body, track.path
        )
        std = np.maximum(points.std(0), RIDGE)
        return cls(jaw, canvas, points.mean(0), std, points.min(0), points.max(0))

    @classmethod
    def from_assets(cls, assets: Mapping[str, np.ndarray]) -> TorsoConditioner:
        """Load the conditioner from a bundle's assets."""
        return cls(**{field.name: assets[f"condition_{field.name}"] for field in fields(cls)})

    def to_assets(self) -> dict[str, np.ndarray]:
        """Arrays for a bundle, each named `condition_...`."""
        return {f"condition_{field.name}": getattr(self, field.name) for field in fields(self)}

    def keypoints(
        self,
        rotation: Float[np.ndarray, "B 3 3"],
        translation: Float[np.ndarray, "B 3"],
        cameras: Float[np.ndarray, "B 4"],
        body: Float[np.ndarray, "B 3 2"],
        path: Float[np.ndarray, "B 3"],
    ) -> Float[np.ndarray, "B 10 2"]:
        """Jaw points (rigid with the head) and body points in the field's coordinates."""
        jaw = np.einsum("bij,kj->bki", rotation, self.jaw) + translation[:, None]
        jaw = jaw[..., :2] / jaw[..., 2:] * cameras[:, None, :2] + cameras[:, None, 2:]
        shoulders = (body - path[:, None, :2]) * path[:, None, 2:]
        return (np.concatenate([jaw, shoulders], 1) - self.size / 2) / (self.size[1] / 2)

    def condition(self, track: SourceTrack) -> TorsoCondition:
        """Condition of every frame of `track`; poses outside the training range are clamped to it."""
        points = self.keypoints(track.rotation, track.translation, track.cameras, track.body, track.path)
        n_jaw = len(self.jaw)
        head = similarity_transform(points[:, :n_jaw], self.mean[:n_jaw])
        body = similarity_transform(points[:, n_jaw:], self.mean[n_jaw:])
        normal = (np.clip(points, self.low, self.high) - self.mean) / self.std
        flat = normal.reshape(len(points), -1)
        return TorsoCondition(flat.astype(np.float32), head.astype(np.float32), body.astype(np.float32))


def similarity_transform(
    source: Float[np.ndarray, "B K 2"], target: Float[np.ndarray, "K 2"]
) -> Float[np.ndarray, "B 2 3"]:
    """Least-squares similarity (rotation, scale, translation) that maps each `source` to `target`.

    Closed form in complex numbers: with centred s and d, rotation and scale are sum(conj(s) d) / sum(|s|^2).
    """
    here, there = source[..., 0] + 1j * source[..., 1], target[..., 0] + 1j * target[..., 1]
    middle, goal = here.mean(-1, keepdims=True), there.mean()
    spread = (np.abs(here - middle) ** 2).sum(-1)
    turn = (np.conj(here - middle) * (there - goal)).sum(-1) / np.maximum(spread, 1e-12)
    shift = goal - turn * middle[..., 0]
    return np.stack(
        [
            np.stack([turn.real, -turn.imag, shift.real], -1),
            np.stack([turn.imag, turn.real, shift.imag], -1),
        ],
        -2,
    )
