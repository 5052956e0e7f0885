"""Follow every face from frame to frame: landmarks on a square that moves with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.detect import FaceFinder, overlap
from beavervision.preprocess.mesh import FaceMesh
from beavervision.preprocess.square import Square

LOOK_EVERY = 5
"""Frames between two looks for new faces while one is followed."""

SEARCH_EVERY = 3
"""Frames between two thorough searches (tiles) while none is."""

MAX_FACES = 4
"""Faces followed at once, largest first."""

SAME_FACE = 0.35
"""Overlap from which a detection, or another track, is a face that is followed already."""

SETTLED = 0.05
"""Share of the side by which the square may move before a frame is looked at again through the moved one."""

WIDER = 2.5
"""Side, over that of the face's square, of the square in which a face that was lost is looked for."""

MISSES = 2
"""Looks in a row without a detection in the square after which a track ends."""

PLAUSIBLE_GROWTH = 1.5
"""Ratio of sizes in successive frames beyond which the mesh has slipped off the face."""


@dataclass
class Track:
    """One face in successive frames."""

    first: int
    """Index of the first frame."""
    landmarks: list[Float[np.ndarray, "478 3"]] = field(default_factory=list)
    """Full-frame px, one entry a frame from `first` on."""
    misses: int = 0

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What of the track is kept on disk: `first` [1] and `landmarks` [n,478,3]."""
        return {"first": np.array([self.first]), "landmarks": np.stack(self.landmarks)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Track:
        """Return the track that `to_arrays` gave."""
        return cls(int(arrays["first"][0]), list(arrays["landmarks"]))

    @property
    def stop(self) -> int:
        """Index after the last frame."""
        return self.first + len(self.landmarks)

    @property
    def square(self) -> Square:
        """Where the face was last."""
        return Square.round_landmarks(self.landmarks[-1])

    @property
    def ahead(self) -> Square:
        """Where the face will be if it moves on as it did."""
        if len(self.landmarks) < 2:
            return self.square
        now, before = self.square, Square.round_landmarks(self.landmarks[-2])
        return Square(2 * now.x - before.x, 2 * now.y - before.y, now.side, now.angle)


def landmark_box(landmarks: Float[np.ndarray, "*n 478 d"]) -> Float[np.ndarray, "*n 4"]:
    """Box x0 y0 x1 y1 of a face's landmarks, px."""
    flat = landmarks[..., :2]
    return np.concatenate([flat.min(-2), flat.max(-2)], -1)


class FaceTracker:
    """Collects the tracks of all faces while the frames go by, in order."""

    def __init__(self, finder: FaceFinder, mesh: FaceMesh) -> None:
        self._finder, self._mesh = finder, mesh
        self._live: list[Track] = []
        self.tracks: list[Track] = []
        """Every track so far, by first frame."""

    def step(self, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> list[Track]:
        """Look at frame `index`; returns the tracks that show a face in it."""
        self._live = [track for track in self._live if self._follow(track, rgb)]
        self._drop_doubles()
        if index % LOOK_EVERY == 0:
            self._live = [track for track in self._live if self._confirmed(track, rgb)]
        if not self._live or index % LOOK_EVERY == 0:
            self._begin(index, rgb, thorough=not self._live and index % SEARCH_EVERY == 0)
        return self._live

    def _follow(self, track: Track, rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
        """Append the frame's landmarks to the track; False where the face is lost."""
        found = self._settled(rgb, track.ahead)
        if found is None:
            found = self._found_again(track, rgb)
        if found is None:
            return False
        growth = _size(found) / _size(track.landmarks[-1])
        if not 1 / PLAUSIBLE_GROWTH < growth < PLAUSIBLE_GROWTH:
            return False
        track.landmarks.append(found.astype(np.float32))
        return True

    def _found_again(self, track: Track, rgb: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "478 3"] | None:
        """Landmarks of a face that moved farther than its square, by the detectors in a wider one."""
        square = track.square
        for face in self._finder.inside(rgb, Square(square.x, square.y, WIDER * square.side)):
            if PLAUSIBLE_GROWTH * face.height > 0.3 * square.side:
                return self._settled(rgb, Square.round_box(face.box))
        return None

    def _settled(self, rgb: UInt8[np.ndarray, "H W 3"], square: Square) -> Float[np.ndarray, "478 3"] | None:
        """Landmarks seen through a square that agrees with them."""
        found = self._mesh.landmarks(rgb, square)
        if found is None:
            return None
        moved = Square.round_landmarks(found)
        if np.hypot(moved.x - square.x, moved.y - square.y) < SETTLED * square.side:
            return found
        return self._mesh.landmarks(rgb, moved)

    def _confirmed(self, track: Track, rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
        """Whether a detector agrees, now or a little while ago, that this is a face."""
        square = track.square
        wider = Square(square.x, square.y, square.side * 1.3, square.angle)
        track.misses = 0 if self._finder.inside(rgb, wider) else track.misses + 1
        return track.misses < MISSES

    def _drop_doubles(self) -> None:
        """Of two tracks on one face, keep the longer."""
        kept: list[Track] = []
        for track in sorted(self._live, key=lambda t: t.first):
            box = landmark_box(track.landmarks[-1])
            if all(overlap(box, landmark_box(other.landmarks[-1])) < SAME_FACE for other in kept):
                kept.append(track)
            else:
                track.landmarks.pop()
        self._live = kept

    def _begin(self, index: int, rgb: UInt8[np.ndarray, "H W 3"], *, thorough: bool) -> None:
        """Start tracks on faces that are not followed yet."""
        boxes = [landmark_box(track.landmarks[-1]) for track in self._live]
        for face in sorted(self._finder.find(rgb, thorough=thorough), key=lambda f: -f.height):
            if len(self._live) == MAX_FACES:
                return
            if any(overlap(face.box, box) > SAME_FACE for box in boxes):
                continue
            found = self._settled(rgb, Square.round_box(face.box))
            if found is None or any(overlap(landmark_box(found), box) > SAME_FACE for box in boxes):
                continue
            track = Track(index, [found.astype(np.float32)])
            self._live.append(track)
            self.tracks.append(track)
            boxes.append(landmark_box(found))


def _size(landmarks: Float[np.ndarray, "478 d"]) -> float:
    return Square.round_landmarks(landmarks).side
