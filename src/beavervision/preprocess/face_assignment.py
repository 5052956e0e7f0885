"""Assign the faces of a frame to the tracks they continue (Hungarian algorithm)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from beavervision.preprocess.appearance_signature import FaceSignature, signature_distances
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_track import FaceTrack, landmark_box

GROWTH = 1.5
"""Ratio of sizes in successive frames beyond which the mesh has slipped off the face."""

MEMORY = 30
"""Frames that tell what the face of a track looks like."""

MAX_APPEARANCE_DISTANCE = 2.0
"""`look.difference` from which a face is somebody else's wherever it stands: more than ever one person's own."""

FORBIDDEN_COST = 1e6
"""Cost of what cannot be."""


@dataclass(frozen=True)
class FaceObservation:
    """A face seen in a frame."""

    landmarks: Float[np.ndarray, "478 3"]
    """Full-frame px."""
    portrait: Float[np.ndarray, "72"]
    """Its colours; 0 where they were not looked at."""
    score: float = 0.0
    """With which a detector has found it in this frame; 0 where none has."""

    @property
    def box(self) -> Float[np.ndarray, "4"]:
        """Box of the landmarks, px."""
        return landmark_box(self.landmarks)


def assign_faces(tracks: Sequence[FaceTrack], sights: Sequence[FaceObservation], *, by_looks: bool) -> list[int | None]:
    """Sight of each track, or None where the face is not to be seen; no sight goes to two tracks.

    The sum of the costs over all tracks is smallest (Kuhn 1955); a track's cost is made of how far a face stands from
    where its motion leads, of the change of its size and, on request, of how its looks differ.

    Args:
        tracks: those that were followed up to the frame before.
        sights: faces of this frame, each person's once.
        by_looks: compare shapes and colours too; where faces come near each other.
    """
    if not tracks or not sights:
        return [None] * len(tracks)
    costs = np.array([[_cost(track, sight) for sight in sights] for track in tracks])
    if by_looks:
        looks = signature_distances([memory(track) for track in tracks], [_look(sight) for sight in sights])
        costs += np.where(looks < MAX_APPEARANCE_DISTANCE, looks**2, FORBIDDEN_COST)
    rows, columns = linear_sum_assignment(np.minimum(costs, FORBIDDEN_COST))
    given = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if costs[r, c] < FORBIDDEN_COST}
    return [given.get(row) for row in range(len(tracks))]


def memory(track: FaceTrack) -> FaceSignature:
    """What the face of a track looked like lately."""
    return FaceSignature.of(track.landmarks[-MEMORY:], track.portraits[-MEMORY:])


def _look(sight: FaceObservation) -> FaceSignature:
    return FaceSignature.of([sight.landmarks], [sight.portrait])


def _cost(track: FaceTrack, sight: FaceObservation) -> float:
    """How ill a face continues a track, by place and size."""
    square, seen = track.square, SquareCrop.round_landmarks(sight.landmarks)
    growth = abs(np.log(seen.side / square.side)) / np.log(GROWTH)
    if growth >= 1:
        return FORBIDDEN_COST
    ahead = np.array([square.x, square.y]) + track.velocity
    away = np.hypot(seen.x - ahead[0], seen.y - ahead[1]) / square.side
    return float(4 * away**2 + growth**2)
