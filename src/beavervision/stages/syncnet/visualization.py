"""What a sync expert hears, as a curve."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from beavervision.metrics.sync import MAX_OFFSET
from beavervision.stages.visualization.media import Curves


def offset_curves(total: Float[Tensor, "O"], count: Float[Tensor, "O"]) -> Curves:
    """Mean distance of lips and sound for every offset between them; offsets that never occur are left blank.

    Args:
        total: sum of the distances of embeddings, as `metrics.sync.offset_distances` gives it.
        count: their number.
    """
    sums, counts = (value.float().cpu().numpy() for value in (total, count))
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    offsets = np.arange(-MAX_OFFSET, MAX_OFFSET + 1)
    return Curves(
        "offset", offsets, {"held-out speech": mean}, "sound later than lips, frames", "distance of embeddings"
    )
