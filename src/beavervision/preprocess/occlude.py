"""Whether something stands before the head."""

from __future__ import annotations

from beavervision.preprocess.hands import Hand, hand_mask
from beavervision.preprocess.headview import SIZE
from beavervision.preprocess.parse import HeadParse

COVERED = 0.02
"""Share of the head's silhouette that a hand covers from which the head counts as occluded."""


def occluded_share(head: HeadParse, hands: list[Hand]) -> float:
    """Share of the head's silhouette (hair and face) covered by hands.

    Args:
        head: the parsed head.
        hands: 21 points each, full-frame px.
    """
    matrix = head.view.square.to_crop(SIZE)
    there = [hand @ matrix[:, :2].T + matrix[:, 2] for hand in hands]
    silhouette = head.head
    covered = silhouette & hand_mask(there, SIZE, SIZE)
    return float(covered.sum() / max(silhouette.sum(), 1))
