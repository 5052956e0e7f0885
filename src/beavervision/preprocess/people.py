"""Who is who: tracks joined to people, and the one person chosen whose avatar it will be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.errors import BeaverError
from beavervision.preprocess.square import Square
from beavervision.preprocess.track import Track, landmark_box

RIGID = np.array(
    [
        *(1, 2, 4, 5, 6, 168, 195, 197, 98, 327),
        *(33, 133, 362, 263, 70, 300, 105, 334, 107, 336),
        *(10, 152, 234, 454, 127, 356, 93, 323, 58, 288, 148, 377, 172, 397),
    ]
)
"""Landmarks that an expression moves little: nose, eye corners, brows, outline."""

SAME_PERSON = 0.05
"""Distance between the mean shapes (unit norm, pose removed) of two tracks of one person at most. Measured on four
men: 0.01-0.03 between parts of one recording, 0.035-0.075 between men, and up to twice as much for one frame."""

SAME_PLACE = 1.0
"""Face sizes that a face may have moved while it was not seen, for place to count fully."""

SHORT_GAP = 12
"""Frames of absence over which place still tells who it is."""


@dataclass(frozen=True)
class Person:
    """Everything that was seen of one face."""

    tracks: tuple[Track, ...]
    """In order of time, none overlapping."""

    @property
    def size(self) -> float:
        """Face height summed over the frames that show it, px: who matters most in the picture."""
        boxes = [landmark_box(np.stack(track.landmarks)) for track in self.tracks]
        return float(sum((box[:, 3] - box[:, 1]).sum() for box in boxes))

    def landmarks(self, n_frames: int) -> Float[np.ndarray, "T 478 3"]:
        """Full-frame px, NaN where the face was not found."""
        rows = np.full((n_frames, 478, 3), np.nan, np.float32)
        for track in self.tracks:
            rows[track.first : track.stop] = track.landmarks
        return rows


def join(tracks: list[Track]) -> list[Person]:
    """Join tracks of one person: by the shape of the face and, over short gaps, by place; the longest first."""
    people: list[list[Track]] = []
    shapes = {id(track): _shape(track) for track in tracks}
    for track in sorted(tracks, key=lambda t: (-len(t.landmarks), t.first)):
        free = [person for person in people if not any(_overlap(track, other) for other in person)]
        costs = [_cost(person, track, shapes) for person in free]
        if costs and min(costs) < 1.0:
            free[int(np.argmin(costs))].append(track)
        else:
            people.append([track])
    return [Person(tuple(sorted(person, key=lambda t: t.first))) for person in people]


def largest(people: list[Person], video: object) -> Person:
    """The person whose face is largest, summed over the frames that show it.

    Raises:
        BeaverError: when there is nobody.
    """
    if not people:
        raise BeaverError(f"{video} shows no face anywhere; use footage in which a face is seen, or other data.start.")
    return max(people, key=lambda person: person.size)


def _overlap(a: Track, b: Track) -> bool:
    """Whether two tracks share a frame."""
    return a.first < b.stop and b.first < a.stop


def _cost(person: list[Track], track: Track, shapes: dict[int, np.ndarray]) -> float:
    """Below 1 where the track may be the person's; the smaller, the likelier."""
    reference, shape = shapes[id(person[0])], shapes[id(track)]
    tolerance = SAME_PERSON * (1 + 1 / np.sqrt(len(track.landmarks)))
    difference = float(np.linalg.norm(turned(shape[None], reference)[0] - reference)) / tolerance
    gaps = [max(track.first - other.stop, other.first - track.stop) for other in person]
    nearest = person[int(np.argmin(gaps))]
    if nearest.first < track.first:
        before, after = nearest.landmarks[-1], track.landmarks[0]
    else:
        before, after = track.landmarks[-1], nearest.landmarks[0]
    moved = np.hypot(*(after - before)[:, :2].mean(0)) / (SAME_PLACE * Square.round_landmarks(before).side)
    near = min(gaps) <= SHORT_GAP and moved < 1.0
    return float(min(moved, difference)) if near else difference


def _shape(track: Track) -> Float[np.ndarray, "K 3"]:
    """Mean shape of a track's face, pose removed, unit norm."""
    faces = np.stack(track.landmarks)[:, RIGID].astype(float)
    faces -= faces.mean(1, keepdims=True)
    faces /= np.linalg.norm(faces, axis=(1, 2), keepdims=True)
    mean = turned(faces, faces[len(faces) // 2]).mean(0)
    return mean / np.linalg.norm(mean)


def turned(faces: Float[np.ndarray, "T K 3"], reference: Float[np.ndarray, "K 3"]) -> Float[np.ndarray, "T K 3"]:
    """Centred shapes, each turned to agree best with the reference (Kabsch)."""
    u, _, vt = np.linalg.svd(np.einsum("tki,kj->tij", faces, reference))
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return faces @ (u @ vt)
