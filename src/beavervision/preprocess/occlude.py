"""Whether something stands before the head."""

from __future__ import annotations

from beavervision.preprocess.hands import Hand, hand_mask
from beavervision.preprocess.headview import SIZE
from beavervision.preprocess.parse import HeadParse

COVERED = 0.015
"""Share of the face's outline from which it counts as occluded: a finger's tip before the chin."""


def occluded_share(head: HeadParse, hands: list[Hand]) -> float:
    """How much of the head (hair and face) is covered by hands, over the area of the face's outline.

    Args:
        head: the parsed head.
        hands: 21 points each, full-frame px.
    """
    matrix = head.view.square.to_crop(SIZE)
    there = [hand @ matrix[:, :2].T + matrix[:, 2] for hand in hands]
    covered = head.head & hand_mask(there, SIZE, SIZE)
    return float(covered.sum() / max(head.view.oval.sum(), 1))
