"""Segments a hand: its skeleton, widened and adjusted to the colours of the hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.face.landmarks import OVAL
from beavervision.preprocess.colour_model import CERTAINTY, colour_odds
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.person_segmentation import window_of

FINGERS = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20]])
"""Points of each finger, from the palm to the tip."""

PALM = np.array([0, 1, 5, 9, 13, 17])

FINGER_WIDTH = 0.24
"""Width of a finger / width of the palm (index to little knuckle): 18 / 78 mm for an adult."""

WRIST_WIDTH = 0.7
"""Width of the wrist / width of the palm."""

CROP = 160
"""Size of the crop in which the outline is computed, px."""

MARGIN = 1.35
"""Side of that crop / longer side of the points' box."""

REACH, BEYOND = 0.12, 0.45
"""Distances outside the widened skeleton, in palm widths: where position and colour have equal weight, and beyond which
no colour makes a pixel hand."""

BEFORE_SKIN = 0.8
"""Log-odds by which a pixel in front of a face is assumed to be face, outside the widened skeleton."""

SMOOTHING = 5
"""Standard deviation of the smoothing of the odds, pixels of the crop."""

CHIN, BROW = 152, 9
NECK_LENGTH = 0.6
"""Length of the neck below the chin / distance from brows to chin."""

Hand = Float[np.ndarray, "21 2"]


def hand_mask(hands: list[Hand], width: int, height: int) -> Bool[np.ndarray, "H W"]:
    """Mask of widened hand skeletons: the palm's hull, and a capsule around every finger bone."""
    mask = np.zeros((height, width), np.uint8)
    for hand in hands:
        points = np.rint(hand).astype(np.int32)
        thickness = max(1, round(FINGER_WIDTH * palm_width(hand)))
        outline = cv2.convexHull(np.rint(np.concatenate([hand[PALM], _wrist(hand)])).astype(np.int32))
        cv2.fillConvexPoly(mask, outline, (1,))
        cv2.polylines(mask, [points[PALM[1:]]], isClosed=False, color=(1,), thickness=thickness)
        for finger in FINGERS:
            for a, b in pairwise(points[finger]):
                cv2.line(mask, a.tolist(), b.tolist(), (1,), thickness)
    return mask.astype(bool)


def outline_hands(
    rgb: UInt8[np.ndarray, "H W 3"], hands: list[Hand], faces: Sequence[Float[np.ndarray, "478 3"]] = ()
) -> UInt8[np.ndarray, "H W"] | None:
    """Mask of the hands in a frame, 0 or 1, adjusted to their colours; None where there are no hands.

    Args:
        rgb: the frame.
        hands: 21 points per hand, full-frame px.
        faces: landmarks of the faces behind them, full-frame px; against skin, colour does not distinguish a hand.
    """
    if not hands:
        return None
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for hand in hands:
        low, high = hand.min(0), hand.max(0)
        square = SquareCrop(*((low + high) / 2).tolist(), side=float((high - low).max()) * MARGIN)
        window, matrix = window_of(square, CROP, width, height)
        if window is None:
            continue
        forward = square.to_crop(CROP)
        skin = [_skin_outline(face) @ forward[:, :2].T + forward[:, 2] for face in faces]
        there = _drawn_to_colours(square.cut(rgb, CROP), hand @ forward[:, :2].T + forward[:, 2], skin)
        part = mask[window]
        part |= cv2.warpAffine(there * 255, matrix, part.shape[::-1], flags=cv2.INTER_LINEAR) >= 128
    return mask


def palm_width(hand: Hand) -> float:
    """Width of the palm, px; where the hand is seen edge on, from its length (0.85 of it for an adult)."""
    across = np.linalg.norm(hand[5] - hand[17])
    along = np.linalg.norm(hand[0] - hand[9])
    return float(max(across, 0.85 * along))


def _skin_outline(face: Float[np.ndarray, "478 3"]) -> Float[np.ndarray, "n 2"]:
    """Outline of the face and the neck below it."""
    chin, down = face[CHIN, :2], face[CHIN, :2] - face[BROW, :2]
    across = np.array([-down[1], down[0]]) / 2
    neck = [chin + NECK_LENGTH * down + side * across for side in (-1, 1)]
    outline = np.concatenate([face[OVAL, :2], neck]).astype(np.float32)
    return cv2.convexHull(outline)[:, 0]


def _drawn_to_colours(
    rgb: UInt8[np.ndarray, "S S 3"], hand: Hand, skin: Sequence[Float[np.ndarray, "n 2"]]
) -> UInt8[np.ndarray, "S S"]:
    """Pixels of the hand (1) in its crop, by the sum of log-odds of position and colour."""
    flesh = hand_mask([hand], CROP, CROP).astype(np.uint8)
    palm = palm_width(hand)
    outside = cv2.distanceTransform(1 - flesh, cv2.DIST_L2, 3) / palm
    inside = cv2.distanceTransform(flesh, cv2.DIST_L2, 3) / palm
    place = np.where(flesh > 0, 1.0 + 8 * inside, CERTAINTY * (0.3 - outside / REACH)).astype(np.float32)
    colour = colour_odds(rgb, (inside > 0.05), (outside > 1.5 * REACH))
    before_skin = np.zeros((CROP, CROP), np.uint8)
    for outline in skin:
        cv2.fillPoly(before_skin, [np.rint(outline).astype(np.int32)], (1,))
    colour[before_skin > 0] = np.minimum(colour[before_skin > 0], -BEFORE_SKIN)
    odds = cv2.blur(place + colour, (SMOOTHING, SMOOTHING))
    there = ((odds > 0) & (outside < BEYOND)).astype(np.uint8)
    _, parts = cv2.connectedComponents(there)
    own = np.unique(parts[(flesh > 0) & (there > 0)])
    return np.isin(parts, own[own > 0]).astype(np.uint8)


def _wrist(hand: Hand) -> Float[np.ndarray, "2 2"]:
    """Both sides of the wrist; MediaPipe's point 0 is its middle."""
    along = hand[9] - hand[0]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    half = 0.5 * WRIST_WIDTH * palm_width(hand) * across
    return np.stack([hand[0] + half, hand[0] - half])
