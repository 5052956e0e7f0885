"""Visualization of a sync expert: distance over the offset."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from beavervision.metrics.sync import MAX_OFFSET
from beavervision.stages.visualization.media import Curves


def offset_curves(total: Float[Tensor, "O"], count: Float[Tensor, "O"]) -> Curves:
    """Mean distance of lips and sound for each offset; offsets without pairs are blank.

    Args:
        total: sums of the distances of embeddings, from `metrics.sync.offset_distances`.
        count: number of pairs per offset.
    """
    sums, counts = (value.float().cpu().numpy() for value in (total, count))
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    offsets = np.arange(-MAX_OFFSET, MAX_OFFSET + 1)
    return Curves(
        "offset", offsets, {"held-out speech": mean}, "sound later than lips, frames", "distance of embeddings"
    )
