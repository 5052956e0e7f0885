"""Pitch input of the PostNet: one number a frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.features import ROWS_PER_FRAME

REFERENCE_HZ = 160.0
"""Between men's and women's voices, so that both lie near 0."""


def frame_pitch(hertz: Float[np.ndarray, "R"]) -> Float[np.ndarray, "T"]:
    """Octaves above REFERENCE_HZ, mean of a frame's voiced rows; 0 where none is voiced."""
    rows = hertz.reshape(-1, ROWS_PER_FRAME)
    voiced = rows > 0
    octaves = np.where(voiced, np.log2(np.maximum(rows, 1.0) / REFERENCE_HZ), 0.0)
    return (octaves.sum(1) / np.maximum(voiced.sum(1), 1)).astype(np.float32)
