"""Whether something stands before the head."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from beavervision.preprocess.headview import SIZE
from beavervision.preprocess.parse import HeadParse

COVERED = 0.015
"""Share of the face's outline from which it counts as occluded: a finger's tip before the chin."""


def occluded_share(head: HeadParse, hands: UInt8[np.ndarray, "H W"] | None) -> float:
    """How much of the head (hair and face) is covered by hands and things, over the area of the face's outline.

    Args:
        head: the parsed head.
        hands: 1 where the frame shows a hand; None where there is none.
    """
    covered = head.occluder.copy()
    if hands is not None:
        covered |= head.view.square.cut(hands, SIZE) > 0
    return float((covered & head.head).sum() / max(head.view.oval.sum(), 1))
