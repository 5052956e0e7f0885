"""What a sync expert hears, as a curve."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.metrics.sync import MAX_OFFSET, offset_distances
from beavervision.stages.media import Curves


def offset_curves(sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"]) -> Curves:
    """Mean distance of lips and sound for every offset between them; offsets that never occur are left blank.

    Args:
        sound: embeddings of unit length.
        motion: embeddings of unit length.
        known: motions that count.
    """
    total, count = (value.float().cpu().numpy() for value in offset_distances(sound, motion, known))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    offsets = np.arange(-MAX_OFFSET, MAX_OFFSET + 1)
    return Curves(
        "offset", offsets, {"held-out speech": mean}, "sound later than lips, frames", "distance of embeddings"
    )
