"""Hands: MediaPipe's 21 points of each, and the silhouette that follows from them."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.square import Square

CONFIDENCE = 0.4
MAX_HANDS = 4
CROP = 512
"""Pixels of the picture in which palms are looked for."""

FINGERS = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20]])
"""Points of each finger, from the palm to the tip."""

PALM = np.array([0, 1, 5, 9, 13, 17])

FINGER_WIDTH = 0.24
"""Width of a finger over the width of the palm (index to little knuckle): 18 of 78 mm in an adult's hand."""

WRIST_WIDTH = 0.7
"""Width of the wrist over that of the palm."""

Hand = Float[np.ndarray, "21 2"]


class HandFinder:
    """MediaPipe's hands, each frame by itself."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.hands import Hands

        self._network = Hands(static_image_mode=True, max_num_hands=MAX_HANDS, min_detection_confidence=CONFIDENCE)

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], square: Square) -> list[Hand]:
        """Hands in a square of the frame: 21 points each, full-frame px."""
        found = self._network.process(square.cut(rgb, CROP)).multi_hand_landmarks or []
        return [square.to_frame(np.array([(p.x, p.y) for p in hand.landmark])) for hand in found]

    def close(self) -> None:
        """Free the graph."""
        self._network.close()


def hand_mask(hands: list[Hand], width: int, height: int) -> Bool[np.ndarray, "H W"]:
    """Silhouette of hands: the palm's hull and a capsule round every finger bone."""
    mask = np.zeros((height, width), np.uint8)
    for hand in hands:
        points = np.rint(hand).astype(np.int32)
        thickness = max(1, round(FINGER_WIDTH * palm_width(hand)))
        outline = cv2.convexHull(np.rint(np.concatenate([hand[PALM], _wrist(hand)])).astype(np.int32))
        cv2.fillConvexPoly(mask, outline, 1)
        cv2.polylines(mask, [points[PALM[1:]]], isClosed=False, color=1, thickness=thickness)
        for finger in FINGERS:
            for a, b in pairwise(points[finger]):
                cv2.line(mask, a.tolist(), b.tolist(), 1, thickness)
    return mask.astype(bool)


def palm_width(hand: Hand) -> float:
    """Pixels across the palm; from its length where the hand is seen edge on (0.85 of it in an adult's)."""
    across = np.linalg.norm(hand[5] - hand[17])
    along = np.linalg.norm(hand[0] - hand[9])
    return float(max(across, 0.85 * along))


def _wrist(hand: Hand) -> Float[np.ndarray, "2 2"]:
    """Both sides of the wrist: MediaPipe's point 0 is its middle."""
    along = hand[9] - hand[0]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    half = 0.5 * WRIST_WIDTH * palm_width(hand) * across
    return np.stack([hand[0] + half, hand[0] - half])
