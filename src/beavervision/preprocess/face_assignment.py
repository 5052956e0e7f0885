"""Assigns the faces of a frame to the tracks that they continue (Hungarian algorithm)."""

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
"""Ratio of sizes in successive frames beyond which the mesh has lost the face."""

MEMORY = 30
"""Number of past frames that define the appearance of a track's face."""

MAX_APPEARANCE_DISTANCE = 2.0
"""`appearance_signature.signature_distance` above which a face is another person at any position: more than any
person's own."""

FORBIDDEN_COST = 1e6
"""Cost of an impossible pair."""


@dataclass(frozen=True)
class FaceObservation:
    """A face detected in one frame."""

    landmarks: Float[np.ndarray, "478 3"]
    """Landmarks in full-frame px."""
    portrait: Float[np.ndarray, "72"]
    """Colour signature; 0 where it was not computed."""
    score: float = 0.0
    """Score of a detector in this frame; 0 where no detector found the face."""

    @property
    def box(self) -> Float[np.ndarray, "4"]:
        """Box of the landmarks, px."""
        return landmark_box(self.landmarks)


def assign_faces(tracks: Sequence[FaceTrack], sights: Sequence[FaceObservation], *, by_looks: bool) -> list[int | None]:
    """Assign each track a face, or None where its face is not visible; no face is assigned twice.

    The sum of the costs over all tracks is minimal (Kuhn 1955). The cost consists of the distance from the track's
    predicted position, the change of size and, on request, the difference of appearance.

    Args:
        tracks: tracks that were active in the previous frame.
        sights: faces of this frame.
        by_looks: compare shapes and colours too; used where faces are near each other.
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
    """Recent appearance of a track's face."""
    return FaceSignature.of(track.landmarks[-MEMORY:], track.portraits[-MEMORY:])


def _look(sight: FaceObservation) -> FaceSignature:
    return FaceSignature.of([sight.landmarks], [sight.portrait])


def _cost(track: FaceTrack, sight: FaceObservation) -> float:
    """Cost of continuing a track with a face, by position and size."""
    square, seen = track.square, SquareCrop.round_landmarks(sight.landmarks)
    growth = abs(np.log(seen.side / square.side)) / np.log(GROWTH)
    if growth >= 1:
        return FORBIDDEN_COST
    ahead = np.array([square.x, square.y]) + track.velocity
    away = np.hypot(seen.x - ahead[0], seen.y - ahead[1]) / square.side
    return float(4 * away**2 + growth**2)
