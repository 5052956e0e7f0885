"""Find faces in a frame, large or small: MediaPipe's detectors on the frame and on tiles of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.square import Square

CROP = 256
"""Pixels of what a detector gets; its networks take 192 (full range) and 128 (short range)."""

CONFIDENCE = 0.5
SAME_FACE = 0.3
"""Overlap (intersection over union) from which two boxes are one face."""

TILE_SHARES = (1.0, 0.5)
"""Sides of the tiles over the frame's shorter side, tried in turn: a face of 0.07 of the height fills 27 of the
192 pixels of the smaller tile."""

TILE_OVERLAP = 0.5


@dataclass(frozen=True)
class FaceBox:
    """A face that a detector found."""

    box: Float[np.ndarray, "4"]
    """x0 y0 x1 y1, full-frame px."""
    score: float

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return float(self.box[3] - self.box[1])


def overlap(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / both if both > 0 else 0.0


class FaceFinder:
    """MediaPipe's full-range and short-range face detectors at several scales."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_detection import FaceDetection

        self._detectors = [FaceDetection(min_detection_confidence=CONFIDENCE, model_selection=s) for s in (1, 0)]

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], *, thorough: bool = True) -> list[FaceBox]:
        """Faces of a frame, best first.

        Args:
            rgb: the frame.
            thorough: look at tiles too when the frame as a whole shows none.
        """
        height, width = rgb.shape[:2]
        whole = Square(width / 2, height / 2, max(width, height))
        found = self.inside(rgb, whole)
        for share in TILE_SHARES if thorough else ():
            if found:
                break
            for tile in tiles(width, height, share * min(width, height)):
                found += self.inside(rgb, tile)
        return _distinct(found)

    def inside(self, rgb: UInt8[np.ndarray, "H W 3"], square: Square) -> list[FaceBox]:
        """Faces in a square of the frame."""
        crop = square.cut(rgb, CROP)
        found = []
        for detector in self._detectors:
            for detection in detector.process(crop).detections or []:
                box = detection.location_data.relative_bounding_box
                corners = np.array([[box.xmin, box.ymin], [box.xmin + box.width, box.ymin + box.height]])
                found.append(FaceBox(square.to_frame(corners).reshape(4), float(detection.score[0])))
        return _distinct(found)

    def close(self) -> None:
        """Free the graphs."""
        for detector in self._detectors:
            detector.close()


def tiles(width: int, height: int, side: float) -> Iterator[Square]:
    """Squares of `side` that cover the frame, neighbours overlapping by TILE_OVERLAP at least."""
    for y in _centres(height, side):
        for x in _centres(width, side):
            yield Square(x, y, side)


def _centres(length: int, side: float) -> Float[np.ndarray, "n"]:
    if side >= length:
        return np.array([length / 2])
    n = int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP)))) + 1
    return np.linspace(side / 2, length - side / 2, n)


def _distinct(boxes: list[FaceBox]) -> list[FaceBox]:
    """The best box of each face."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda b: -b.score):
        if all(overlap(box.box, other.box) < SAME_FACE for other in kept):
            kept.append(box)
    return kept
