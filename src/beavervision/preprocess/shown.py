"""Frames that the report shows: kept by the second look as they were seen, drawn on later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from beavervision.preprocess.hand_outline import Hand

FRAME, HANDS = "shown_{:08d}.png", "hands_{:08d}.npy"
N_SHOWN = 12


@dataclass(frozen=True)
class Shown:
    """One frame and the hands found in it."""

    index: int
    rgb: UInt8[np.ndarray, "H W 3"]
    hands: Float[np.ndarray, "h 21 2"]
    """Full-frame px."""

    @classmethod
    def load(cls, folder: Path, index: int) -> Shown:
        """Read what `keep` wrote."""
        return cls(index, np.asarray(Image.open(folder / FRAME.format(index))), np.load(folder / HANDS.format(index)))


def evenly(n_frames: int) -> Int[np.ndarray, "K"]:
    """Frames spread evenly over a clip, one in the middle of each part."""
    return np.unique(((np.arange(N_SHOWN) + 0.5) / N_SHOWN * n_frames).astype(int))


def keep(part: Path, index: int, rgb: UInt8[np.ndarray, "H W 3"], hands: Sequence[Hand]) -> None:
    """Write a frame and its hands into a segment's folder."""
    Image.fromarray(rgb).save(part / FRAME.format(index), compress_level=1)
    np.save(part / HANDS.format(index), np.array(hands).reshape(-1, 21, 2))
