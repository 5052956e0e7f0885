"""Detects faces of any size in a frame: MediaPipe's detectors on the frame and on tiles of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.perception_networks import open_networks

CROP = 256
"""Size of the detectors' input, px; the networks take 192 (full range) and 128 (short range)."""

CONFIDENCE = 0.5
"""Score from which a detection starts a track."""

DOUBTFUL = 0.3
"""Score from which a detection confirms an existing track."""

SAME_FACE, WITHIN = 0.35, 0.6
"""Intersection over union, and over the smaller box, from which two boxes are one face."""

TILE_SHARES = (1.0, 0.5)
"""Sides of the tiles / shorter side of the frame: a face of 0.07 of the height fills 27 of the 192 pixels of the
smaller tile. Measured on 30 images of five people, pasted into 16:9, 9:16, 21:9 and 4K: faces of 0.07 of the height are
found in all of them."""

TILE_OVERLAP = 0.5


@dataclass(frozen=True)
class FaceBox:
    """A detected face."""

    box: Float[np.ndarray, "4"]
    """Box x0 y0 x1 y1, full-frame px."""
    score: float
    roll: float = 0.0
    """Angle from the image's vertical to the line from the eyes to the mouth, degrees; 0: upright."""

    @property
    def height(self) -> float:
        """Height of the box, px."""
        return float(self.box[3] - self.box[1])


def overlap(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    shared, both = _shared(a, b), _area(a) + _area(b)
    return shared / (both - shared) if both > shared else 0.0


def covered(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over the smaller of two boxes x0 y0 x1 y1."""
    smaller = min(_area(a), _area(b))
    return _shared(a, b) / smaller if smaller > 0 else 0.0


def one_face(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> bool:
    """Whether two boxes are one face; detectors also find faces in the eye, nose and mouth of a large one."""
    return overlap(a, b) > SAME_FACE or covered(a, b) > WITHIN


def _shared(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    return float(np.prod(np.clip(high - low, 0, None)))


def _area(box: Float[np.ndarray, "4"]) -> float:
    return float(np.prod(box[2:] - box[:2]))


class FaceFinder:
    """MediaPipe's full-range and short-range face detectors at several scales."""

    def __init__(self) -> None:
        self._detectors = open_networks().face_detectors(DOUBTFUL)

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], *, thorough: bool = True) -> list[FaceBox]:
        """Detect the faces of a frame; the best come first.

        Args:
            rgb: the frame.
            thorough: also search tiles of the frame, for faces that are small relative to the frame.
        """
        height, width = rgb.shape[:2]
        picture, scale = _shrunk(rgb, CROP / min(TILE_SHARES))
        squares = [SquareCrop(width / 2, height / 2, max(width, height))]
        for share in TILE_SHARES if thorough else ():
            squares += tiles(width, height, share * min(width, height))
        found = []
        for square in squares:
            small = SquareCrop(square.x * scale, square.y * scale, square.side * scale)
            found += [FaceBox(face.box / scale, face.score, face.roll) for face in self.inside(picture, small)]
        return _distinct(found)

    def inside(
        self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop, confidence: float = CONFIDENCE
    ) -> list[FaceBox]:
        """Detect the faces in a square of the frame; the best come first.

        Args:
            rgb: the frame.
            square: region to search.
            confidence: smallest score, at least DOUBTFUL.
        """
        crop = square.cut(rgb, CROP)
        found = []
        for detector in self._detectors:
            for one in detector.detect(crop):
                if one.score >= confidence:
                    corners = square.to_frame(one.box.reshape(2, 2)).reshape(4)
                    found.append(FaceBox(corners, one.score, _roll(one.keypoints)))
        return _distinct(found)

    def close(self) -> None:
        """Free the graphs."""
        for detector in self._detectors:
            detector.close()


def tiles(width: int, height: int, side: float) -> Iterator[SquareCrop]:
    """Squares of `side` that cover the frame; neighbours overlap by at least TILE_OVERLAP."""
    for y in _centres(height, side):
        for x in _centres(width, side):
            yield SquareCrop(x, y, side)


def _shrunk(rgb: UInt8[np.ndarray, "H W 3"], side: float) -> tuple[UInt8[np.ndarray, "h w 3"], float]:
    """The frame reduced to a shorter side of at most `side`, and the scale factor."""
    height, width = rgb.shape[:2]
    scale = min(1.0, side / min(width, height))
    if scale == 1.0:
        return rgb, scale
    size = round(width * scale), round(height * scale)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), scale


def _centres(length: int, side: float) -> Float[np.ndarray, "n"]:
    if side >= length:
        return np.array([length / 2])
    n = int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP)))) + 1
    return np.linspace(side / 2, length - side / 2, n)


def _roll(keypoints: Float[np.ndarray, "k 2"]) -> float:
    """Roll of a face from its key points: right eye, left eye, nose, mouth, .."""
    right, left, _, mouth = keypoints[:4]
    x, y = mouth - (right + left) / 2
    return float(np.degrees(np.arctan2(x, y)))


def _distinct(boxes: list[FaceBox]) -> list[FaceBox]:
    """Keep the best box of each face."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda b: -b.score):
        if not any(one_face(box.box, other.box) for other in kept):
            kept.append(box)
    return kept
