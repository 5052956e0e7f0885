"""Tracks hands: MediaPipe's 21 landmarks of each hand, from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.hand_graphs import HandMesh, PalmFinder
from beavervision.preprocess.hand_outline import PALM, Hand, palm_width

MAX_HANDS = 6

LOOK_EVERY = 3
"""Frames between two searches for palms; known hands are tracked in every frame."""

SAME_HAND = 0.6
"""Distance between the middles of two palms, in widths of the larger one, below which they are one hand."""

STEADY = np.array([0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18])
"""Points that define the search square for the next frame: without finger tips, which are unreliable."""

TRACK_MARGIN, TRACK_SHIFT = 2.0, 0.1
"""Side of that square / box of the STEADY points, and its shift towards the fingers (MediaPipe's own graph)."""


class HandTracker:
    """Tracks hands: palms are detected at intervals, landmarks estimated in every frame."""

    def __init__(self) -> None:
        self._palms, self._mesh = PalmFinder(), HandMesh()
        self._known: list[Hand] = []
        self._frame = 0

    def find(self, rgb: UInt8[np.ndarray, "H W 3"], squares: Sequence[SquareCrop]) -> list[Hand]:
        """Hands of the next frame: 21 points each, full-frame px.

        Args:
            rgb: the frame.
            squares: squares in which new hands are searched.
        """
        hands = [hand for last in self._known if (hand := self._mesh.points(rgb, next_square(last))) is not None]
        if self._frame % LOOK_EVERY == 0 or len(hands) < len(self._known):
            for square in squares:
                for place in self._palms.find(rgb, square):
                    if not any(_within(place, hand) for hand in hands):
                        hand = self._mesh.points(rgb, place)
                        hands += [] if hand is None else [hand]
        self._known = _distinct(hands)[:MAX_HANDS]
        self._frame += 1
        return list(self._known)

    def close(self) -> None:
        """Free the graphs."""
        self._palms.close()
        self._mesh.close()


def next_square(hand: Hand) -> SquareCrop:
    """Search square of a hand for the next frame: around its STEADY points, fingers up."""
    along = (hand[5] + 2 * hand[9] + hand[13]) / 4 - hand[0]
    angle = float(np.arctan2(along[0], -along[1]))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = hand[STEADY] @ np.array([[cos, -sin], [sin, cos]])
    low, high = turned.min(0), turned.max(0)
    middle = (low + high) / 2
    middle[1] -= TRACK_SHIFT * (high - low)[1]
    x, y = middle @ np.array([[cos, sin], [-sin, cos]])
    return SquareCrop(float(x), float(y), float((high - low).max()) * TRACK_MARGIN, angle)


def _within(place: SquareCrop, hand: Hand) -> bool:
    """Whether a palm's square lies over a known hand."""
    x, y = hand[PALM].mean(0)
    return bool(np.hypot(place.x - x, place.y - y) < 0.35 * place.side)


def _distinct(hands: list[Hand]) -> list[Hand]:
    """Remove duplicates: two squares may have found the same hand."""
    kept: list[Hand] = []
    for hand in hands:
        middle = hand[PALM].mean(0)
        near = [np.hypot(*(middle - other[PALM].mean(0))) / max(palm_width(hand), palm_width(other)) for other in kept]
        if not near or min(near) > SAME_HAND:
            kept.append(hand)
    return kept
