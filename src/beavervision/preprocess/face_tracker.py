"""Tracks every face from frame to frame: landmarks on a crop that moves with the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.colour_signature import colour_signature
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_assignment import FaceObservation, assign_faces
from beavervision.preprocess.face_detection import FaceBox, FaceFinder
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_search import WIDER, FaceSearch, among, score
from beavervision.preprocess.face_track import UNSEEN, FaceTrack, landmark_box
from beavervision.preprocess.face_visibility import sharpness
from beavervision.preprocess.shot_detection import DIFFERENT, difference, signature

LOOK_EVERY = 3
"""Frames between two detections in the whole frame while a face is tracked; otherwise every frame is searched."""

SEARCH_EVERY = 24
"""Frames between two thorough searches (tiles) while a face is tracked; otherwise one in LOOK_EVERY frames."""

MAX_FACES = 6
"""Largest number of faces tracked at once, largest faces first."""

LOST_FOR, CARRIED_ON = 50, 25
"""Number of frames for which a lost face is searched near its expected position, and for which that position is
extrapolated from its motion."""

NEAR = 1.2
"""Distance of two faces, in sides of the larger square, below which appearance is compared in every frame."""

MISSES = 3
"""Successive detections without this face after which its track ends, at its last detection."""


@dataclass
class TrackedFace:
    """A track that is active, or that was a short time ago."""

    track: FaceTrack
    confirmed: int
    """Index of the last frame in which a detector found the face."""
    misses: int = 0

    def place(self, index: int) -> SquareCrop:
        """Expected square of the face in a frame."""
        square, after = self.track.square, min(index + 1 - self.track.stop, CARRIED_ON)
        dx, dy = after * self.track.velocity
        return SquareCrop(square.x + dx, square.y + dy, square.side, square.angle)


class FaceTracker:
    """Builds the tracks of all faces; frames must come in order.

    Every track ends at a cut; `reidentification.join_tracks` identifies people across cuts.
    """

    def __init__(self, finder: FaceFinder, mesh: FaceMesh) -> None:
        self._gaze = FaceSearch(finder, mesh)
        self._live: list[TrackedFace] = []
        self._lost: list[TrackedFace] = []
        self.tracks: list[FaceTrack] = []
        """All tracks so far, sorted by first frame."""
        self.signatures: list[UInt8[np.ndarray, "18 32 3"]] = []
        """See `shot_detection.signature`; one per frame."""

    def step(self, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> list[FaceTrack]:
        """Process frame `index`; return the tracks that show a face in it."""
        fresh = self._jumped(rgb)
        if fresh:
            self._live, self._lost = [], []
        regular = index % LOOK_EVERY == 0 or fresh
        faces = self._followed(index, rgb)
        boxes = self._look(index, rgb, regular=regular, fresh=fresh)
        faces += self._gaze.new_faces(rgb, boxes, faces)
        by_looks = regular or len(faces) != len(self._live) or _near(faces)
        sights = [self._sight(rgb, face, boxes, portrayed=by_looks) for face in faces]
        self._go_on(index, rgb, sights, by_looks=by_looks)
        if regular:
            self._doubt(index, rgb, boxes)
        return [pursuit.track for pursuit in self._live]

    def _jumped(self, rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
        """Whether there is a cut before this frame; True for the first frame."""
        self.signatures.append(signature(rgb))
        return len(self.signatures) < 2 or float(difference(*self.signatures[-2:])) > DIFFERENT

    def _followed(self, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> list[Float[np.ndarray, "478 3"]]:
        """Landmarks of the tracked faces, each face once."""
        faces: list[Float[np.ndarray, "478 3"]] = []
        for pursuit in self._live:
            found = self._gaze.follow(rgb, pursuit.place(index), pursuit.track.square)
            if found is not None and not among(found, faces):
                faces.append(found)
        return faces

    def _look(self, index: int, rgb: UInt8[np.ndarray, "H W 3"], *, regular: bool, fresh: bool) -> list[FaceBox]:
        """Detections, in the whole frame at intervals and near the expected positions of lost faces."""
        boxes: list[FaceBox] = []
        if regular or not self._live:
            thorough = fresh or (regular and not self._live) or index % SEARCH_EVERY == 0
            boxes += self._gaze.find(rgb, thorough=thorough)
        self._lost = [pursuit for pursuit in self._lost if index - pursuit.track.stop < LOST_FOR]
        for pursuit in self._lost:
            if (index - pursuit.track.stop) % 2 == 0:
                boxes += self._gaze.find_near(rgb, pursuit.place(index))
        return boxes

    def _sight(
        self, rgb: UInt8[np.ndarray, "H W 3"], face: np.ndarray, boxes: Sequence[FaceBox], *, portrayed: bool
    ) -> FaceObservation:
        colours = colour_signature(rgb, landmark_box(face)) if portrayed else UNSEEN
        return FaceObservation(face, colours, score(boxes, face))

    def _go_on(
        self, index: int, rgb: UInt8[np.ndarray, "H W 3"], sights: list[FaceObservation], *, by_looks: bool
    ) -> None:
        """Continue each track with its face, end those without one, start new ones."""
        given = assign_faces([pursuit.track for pursuit in self._live], sights, by_looks=by_looks)
        self._lost += [pursuit for pursuit, which in zip(self._live, given, strict=True) if which is None]
        self._live = [pursuit for pursuit, which in zip(self._live, given, strict=True) if which is not None]
        for pursuit, which in zip(self._live, [which for which in given if which is not None], strict=True):
            _append(pursuit.track, sights[which], rgb)
        for which, sight in enumerate(sights):
            if which not in given and sight.score and len(self._live) < MAX_FACES:
                track = FaceTrack(index)
                _append(track, sight, rgb)
                self.tracks.append(track)
                self._live.append(TrackedFace(track, index))
                self._lost = [p for p in self._lost if not _holds(p.place(index), track.square)]

    def _doubt(self, index: int, rgb: UInt8[np.ndarray, "H W 3"], boxes: Sequence[FaceBox]) -> None:
        """Check with the detectors whether each track still shows a face; end those that failed for a while."""
        for pursuit in self._live:
            seen = self._gaze.confirmation(rgb, pursuit.track.landmarks[-1], boxes)
            if seen:
                pursuit.track.scores[-1] = seen
                pursuit.confirmed, pursuit.misses = index, 0
            else:
                pursuit.misses += 1
        for pursuit in [p for p in self._live if p.misses >= MISSES]:
            pursuit.track.shorten(pursuit.confirmed + 1)
            self._live.remove(pursuit)
            self._lost.append(pursuit)


def _append(track: FaceTrack, sight: FaceObservation, rgb: UInt8[np.ndarray, "H W 3"]) -> None:
    track.append(sight.landmarks, sharpness(rgb, sight.box), sight.portrait, sight.score)


def _near(faces: Sequence[Float[np.ndarray, "478 3"]]) -> bool:
    """Whether any two faces are near each other."""
    squares = [SquareCrop.round_landmarks(face) for face in faces]
    return any(np.hypot(a.x - b.x, a.y - b.y) < NEAR * max(a.side, b.side) for a, b in combinations(squares, 2))


def _holds(place: SquareCrop, square: SquareCrop) -> bool:
    """Whether a face is at the expected position of a lost one."""
    return max(abs(place.x - square.x), abs(place.y - square.y)) < WIDER * place.side / 2
