"""Identifies people: joins tracks across cuts and absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.face.landmarks import N_MESH
from beavervision.preprocess.appearance_signature import FaceSignature, signature_distances, turned
from beavervision.preprocess.face_track import FaceTrack, landmark_box
from beavervision.preprocess.face_visibility import FacePresence
from beavervision.preprocess.track_linking import link_tracks

SAME_PERSON = 1.0
"""Largest signature distance at which two faces that are never visible together are one person."""

FLEETING, SELDOM, RARE = 10, 0.05, 0.002
"""A face that is visible in fewer frames than the first, and in a smaller share than the second of the frames of the
most frequent face, is a false detection or a passer-by; so is one with a smaller share than the third, of any
duration."""


CERTAIN = 0.8
"""Score that a detector must give a face at least once. Frontal or slightly turned faces of 0.05 of the height and
more: 0.78 to 0.97 in every detection; hands mistaken for faces: up to 0.78."""

MIN_MOTION = 0.25e-3
"""Smallest non-rigid motion of a living face (root mean square of the landmarks about their mean, pose removed, unit
norm); below it, the face is a picture. People over 3 seconds have at least 0.49e-3, noisy pictures of them at most
0.15e-3."""

TELLING, SPREAD = 50, 100
"""Number of frames from which this motion is measured, and how many of them are used."""


@dataclass(frozen=True)
class Person:
    """All tracks of one person."""

    tracks: tuple[FaceTrack, ...]
    """Tracks in order of time, without overlap."""

    @property
    def n_frames(self) -> int:
        """Number of frames that show the face."""
        return sum(len(track.landmarks) for track in self.tracks)

    @property
    def certain(self) -> bool:
        """Whether a detector was confident of the face at least once."""
        return max(max(track.scores) for track in self.tracks) >= CERTAIN

    @property
    def movement(self) -> float:
        """Non-rigid motion of the face, see MIN_MOTION; infinite where it was not visible for long enough."""
        if self.n_frames < TELLING:
            return np.inf
        faces = [face for track in self.tracks for face in track.landmarks]
        chosen = np.linspace(0, len(faces) - 1, SPREAD).astype(int)
        shapes = np.stack([faces[i][:N_MESH] for i in chosen]).astype(float)
        shapes -= shapes.mean(1, keepdims=True)
        shapes /= np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
        posed = turned(shapes, shapes[len(shapes) // 2])
        return float((posed - posed.mean(0)).std())

    def presence(self, n_frames: int) -> FacePresence:
        """Position of the face in each frame of the clip."""
        box = np.full((n_frames, 4), np.nan, np.float32)
        for track in self.tracks:
            box[track.first : track.stop] = landmark_box(np.stack(track.landmarks))
        return FacePresence(box)

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Median position of the face, px."""
        return self.presence(self.tracks[-1].stop).centre

    def landmarks(self, n_frames: int, out: np.ndarray | None = None) -> Float[np.ndarray, "T 478 3"]:
        """Full-frame px, NaN where the face was not found; written into `out` if given, e.g. a mapped file."""
        rows = np.empty((n_frames, 478, 3), np.float32) if out is None else out
        rows[:] = np.nan
        for track in self.tracks:
            rows[track.first : track.stop] = track.landmarks
        return rows

    def sharpness(self, n_frames: int) -> Float[np.ndarray, "T"]:
        """See `sharpness.sharpness`; NaN where the face was not found."""
        rows = np.full(n_frames, np.nan, np.float32)
        for track in self.tracks:
            rows[track.first : track.stop] = track.sharpness
        return rows


def join_tracks(tracks: Sequence[FaceTrack], firsts: Sequence[int] | Int[np.ndarray, "C"] = ()) -> list[Person]:
    """Join the tracks of each person; people are sorted from left to right by the median position of the face.

    Tracks are split at the cuts. Within a shot, tracks that clearly continue each other are linked by position and
    motion. Then tracks of similar appearance (face shape, colours of skin, hair and clothes) are joined over the whole
    clip, the most similar first, as long as the distance is small enough and nobody is in two places at once. Position
    does not count here: after a cut another person may be in the same place. At last, false detections, passers-by and
    pictures of people are removed, see `_real`.

    Args:
        tracks: tracks of all segments.
        firsts: first frames of new shots, see `shot_detection.detect_shots`.
    """
    parts = [part for track in tracks for part in track.split(firsts)]
    chains = link_tracks(parts, firsts)
    people = [Person(tuple(sorted(group, key=lambda t: t.first))) for group in _alike(chains)]
    return sorted(_real(people), key=lambda person: (*person.centre, person.tracks[0].first))


def _real(people: Sequence[Person]) -> list[Person]:
    """Remove false detections, passers-by and pictures on the wall.

    If nobody moves, the clip shows pictures only, and they are kept.
    """
    sure = [person for person in people if person.certain]
    most = max((person.n_frames for person in sure), default=0)
    least = max(min(FLEETING, SELDOM * most), RARE * most)
    kept = [person for person in sure if person.n_frames >= least]
    moves = [person.movement for person in kept]
    if not any(MIN_MOTION <= move < np.inf for move in moves):
        return kept
    return [person for person, move in zip(kept, moves, strict=True) if move >= MIN_MOTION]


def _alike(chains: Sequence[list[FaceTrack]]) -> list[list[FaceTrack]]:
    """Cluster chains of similar appearance, the most similar first (average linkage)."""
    if not chains:
        return []
    groups = [list(chain) for chain in chains]
    looks = [_look(chain) for chain in chains]
    costs = signature_distances(looks, looks)
    costs = np.maximum(costs, costs.T)
    costs[_together(chains)] = np.inf
    weights = np.array([look.frames for look in looks], float)
    while True:
        i, j = sorted(np.unravel_index(np.argmin(costs), costs.shape))
        if costs[i, j] >= SAME_PERSON:
            return [group for group in groups if group]
        groups[i], groups[j] = groups[i] + groups[j], []
        merged = (weights[i] * costs[i] + weights[j] * costs[j]) / (weights[i] + weights[j])
        merged[i] = np.inf
        costs[i], costs[:, i] = merged, merged
        costs[j], costs[:, j] = np.inf, np.inf
        weights[i] += weights[j]


def _look(chain: Sequence[FaceTrack]) -> FaceSignature:
    landmarks = [face for track in chain for face in track.landmarks]
    return FaceSignature.of(landmarks, [portrait for track in chain for portrait in track.portraits])


def _together(chains: Sequence[list[FaceTrack]]) -> Bool[np.ndarray, "C C"]:
    """Which chains share a frame; each shares its own."""
    owner = np.repeat(np.arange(len(chains)), [len(chain) for chain in chains])
    first = np.array([track.first for chain in chains for track in chain])
    stop = np.array([track.stop for chain in chains for track in chain])
    result = np.zeros((len(chains), len(chains)), bool)
    for i in range(len(owner)):
        meets = (first < stop[i]) & (first[i] < stop)
        result[owner[i], owner[meets]] = True
    return result
