"""Finds the faces of one frame with detectors and face mesh together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_detection import DOUBTFUL, FaceBox, FaceFinder, one_face, overlap
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_track import landmark_box

SETTLED = 0.05
"""Displacement of the square, relative to its side, above which the landmarks are estimated again."""

WIDER = 2.5
"""Side of the square in which a lost face is searched, relative to the face's square."""

CLOSE = 1.3
"""Side of the square in which a face is confirmed, relative to the face's square."""

DETECTED = 0.25
"""Overlap of a detector's box (brows to chin) and a face's landmarks from which they are the same face."""


class FaceSearch:
    """Finds faces in single frames; keeps no state between frames."""

    def __init__(self, finder: FaceFinder, mesh: FaceMesh) -> None:
        self._finder, self._mesh = finder, mesh

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], *, thorough: bool) -> list[FaceBox]:
        """See `FaceFinder.find`."""
        return self._finder.find(rgb, thorough=thorough)

    def find_near(self, rgb: UInt8[np.ndarray, "H W 3"], place: SquareCrop) -> list[FaceBox]:
        """Detect faces near an expected position."""
        return self._finder.inside(rgb, SquareCrop(place.x, place.y, WIDER * place.side))

    def settled(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> Float[np.ndarray, "478 3"] | None:
        """Landmarks, estimated in a square that agrees with them."""
        found = self._mesh.landmarks(rgb, square)
        if found is None:
            return None
        moved = SquareCrop.round_landmarks(found)
        if np.hypot(moved.x - square.x, moved.y - square.y) < SETTLED * square.side:
            return found
        return self._mesh.landmarks(rgb, moved)

    def follow(
        self, rgb: UInt8[np.ndarray, "H W 3"], ahead: SquareCrop, last: SquareCrop
    ) -> Float[np.ndarray, "478 3"] | None:
        """Landmarks of a face at its predicted position, or else anywhere near its last position."""
        found = self.settled(rgb, ahead)
        if found is not None:
            return found
        for face in self.find_near(rgb, last):
            if face.height > 0.2 * last.side:
                return self.settled(rgb, SquareCrop.round_box(face.box))
        return None

    def new_faces(
        self, rgb: UInt8[np.ndarray, "H W 3"], boxes: Sequence[FaceBox], faces: Sequence[Float[np.ndarray, "478 3"]]
    ) -> list[Float[np.ndarray, "478 3"]]:
        """Landmarks of detected faces that are not in `faces`, the largest first."""
        known = list(faces)
        for box in sorted(boxes, key=lambda b: -b.height):
            if any(score([box], face) for face in known):
                continue
            found = self.settled(rgb, SquareCrop.round_box(box.box))
            if found is not None and not among(found, known) and score([box], found):
                known.append(found)
        return known[len(faces) :]

    def confirmation(
        self, rgb: UInt8[np.ndarray, "H W 3"], face: Float[np.ndarray, "478 3"], boxes: Sequence[FaceBox]
    ) -> float:
        """Score of a detector for this face, from a closer crop if necessary; 0 where it is not detected."""
        square = SquareCrop.round_landmarks(face)
        closer = SquareCrop(square.x, square.y, CLOSE * square.side, square.angle)
        return score(boxes, face) or score(self._finder.inside(rgb, closer, DOUBTFUL), face)


def score(boxes: Sequence[FaceBox], face: Float[np.ndarray, "478 3"]) -> float:
    """Best score of the detections that match this face; 0 where there is none."""
    return max((box.score for box in boxes if overlap(box.box, landmark_box(face)) > DETECTED), default=0.0)


def among(face: Float[np.ndarray, "478 3"], faces: Sequence[Float[np.ndarray, "478 3"]]) -> bool:
    """Whether a face is one of `faces`."""
    return any(one_face(landmark_box(face), landmark_box(other)) for other in faces)
