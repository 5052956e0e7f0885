"""The two parts of MediaPipe's hand tracking on given crops: palm detection, and the 21 landmarks of one hand."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.perception_networks import Detection, open_networks

PALM_CONFIDENCE, HAND_CONFIDENCE = 0.4, 0.5

PALM_CROP, HAND_CROP = 384, 224
"""Size of the inputs, px; the networks resample them to 192 and 224."""

PALM_MARGIN, PALM_SHIFT = 2.6, 0.5
"""Side of a hand's square / side of its palm's box, and its shift towards the fingers (MediaPipe's own graph)."""


class PalmFinder:
    """MediaPipe's palm detector."""

    def __init__(self) -> None:
        self._network = open_networks().palms(PALM_CONFIDENCE)

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> list[SquareCrop]:
        """Squares around the hands in a square of the frame, fingers up; the most confident first."""
        found = self._network.detect(square.cut(rgb, PALM_CROP))
        return [_hand_square(palm, square) for palm in sorted(found, key=lambda p: -p.score)]

    def close(self) -> None:
        """Free the network."""
        self._network.close()


class HandMesh:
    """MediaPipe's hand landmarks without tracking: they depend on the frame and the square alone."""

    def __init__(self) -> None:
        self._network = open_networks().hand_landmarks(HAND_CONFIDENCE)

    def points(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> Float[np.ndarray, "21 2"] | None:
        """Points of the hand in a square of the frame, full-frame px; None where no hand is found."""
        found = self._network.points(square.cut(rgb, HAND_CROP))
        return None if found is None else square.to_frame(found)

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def _hand_square(palm: Detection, square: SquareCrop) -> SquareCrop:
    """Square around the hand of a palm found in `square`; the wrist is key point 0, the middle knuckle 2."""
    keys = square.to_frame(palm.keypoints)
    along = keys[2] - keys[0]
    low, high = palm.box[:2], palm.box[2:]
    middle = square.to_frame((low + high)[None] / 2)[0]
    side = float((high - low).max()) * square.side
    x, y = middle + PALM_SHIFT * side * along / max(float(np.linalg.norm(along)), 1e-6)
    return SquareCrop(float(x), float(y), side * PALM_MARGIN, float(np.arctan2(along[0], -along[1])))
