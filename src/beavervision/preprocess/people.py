"""Who is who: tracks joined to people, through cuts and absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from beavervision.preprocess.link import link
from beavervision.preprocess.look import Look, differences
from beavervision.preprocess.presence import Presence
from beavervision.preprocess.track import Track, landmark_box

SAME_PERSON = 1.0
"""`look.difference` up to which two faces that are never seen together are one person's."""

FLEETING, SELDOM, RARE = 10, 0.05, 0.002
"""A face seen in fewer frames than the first, and in a smaller share than the second of those that show the face seen
most, is a detector's mistake or a passer-by; so it is in a smaller share than the third however long it lasts. These
are left out. All others, posters too, are people of their own."""


@dataclass(frozen=True)
class Person:
    """Everything that was seen of one face."""

    tracks: tuple[Track, ...]
    """In order of time, none overlapping."""

    @property
    def n_frames(self) -> int:
        """Frames that show the face."""
        return sum(len(track.landmarks) for track in self.tracks)

    def presence(self, n_frames: int) -> Presence:
        """Where the face is in each frame of the clip."""
        box = np.full((n_frames, 4), np.nan, np.float32)
        for track in self.tracks:
            box[track.first : track.stop] = landmark_box(np.stack(track.landmarks))
        return Presence(box)

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Median place of the face, px."""
        return self.presence(self.tracks[-1].stop).centre

    def landmarks(self, n_frames: int, out: np.ndarray | None = None) -> Float[np.ndarray, "T 478 3"]:
        """Full-frame px, NaN where the face was not found; written into `out` where given, a mapped file perhaps."""
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


def join(tracks: Sequence[Track], firsts: Sequence[int] = ()) -> list[Person]:
    """Join tracks of one person; the people come from left to right, by the median place of the face.

    Tracks are parted at the cuts. Within a shot those that plainly go on from one another are linked, by place and
    motion. Then, all over the clip, whoever looks most alike is joined, by the face's shape and the colours of skin,
    hair and clothes, as long as they look alike enough; nobody is in two places at once, and place counts nothing
    here: who stands where somebody else stood before a cut is not that person.

    Args:
        tracks: of all segments.
        firsts: first frames of new shots, see `cuts.cuts`.
    """
    parts = [part for track in tracks for part in track.split(firsts)]
    chains = link(parts, firsts)
    people = [Person(tuple(sorted(group, key=lambda t: t.first))) for group in _alike(chains)]
    most = max((person.n_frames for person in people), default=0)
    least = max(min(FLEETING, SELDOM * most), RARE * most)
    kept = [person for person in people if person.n_frames >= least]
    return sorted(kept, key=lambda person: (*person.centre, person.tracks[0].first))


def _alike(chains: Sequence[list[Track]]) -> list[list[Track]]:
    """Groups of chains that look alike: joined two by two, the most alike first (average linkage)."""
    if not chains:
        return []
    groups = [list(chain) for chain in chains]
    looks = [_look(chain) for chain in chains]
    costs = differences(looks, looks)
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


def _look(chain: Sequence[Track]) -> Look:
    landmarks = [face for track in chain for face in track.landmarks]
    return Look.of(landmarks, [portrait for track in chain for portrait in track.portraits])


def _together(chains: Sequence[list[Track]]) -> Bool[np.ndarray, "C C"]:
    """Which chains share a frame; each shares its own."""
    owner = np.repeat(np.arange(len(chains)), [len(chain) for chain in chains])
    first = np.array([track.first for chain in chains for track in chain])
    stop = np.array([track.stop for chain in chains for track in chain])
    result = np.zeros((len(chains), len(chains)), bool)
    for i in range(len(owner)):
        meets = (first < stop[i]) & (first[i] < stop)
        result[owner[i], owner[meets]] = True
    return result
