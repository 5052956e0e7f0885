"""Batches of predicted and true landmark conditions, cropped at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.data.sampling import RandomAccessDataset, sample_rng
from beavervision.types import Batch


@dataclass
class RefinementBatch(Batch):
    """Predicted and true landmark conditions of a speech."""

    predicted: Float[Tensor, "B T 204"]
    truth: Float[Tensor, "B T 204"]
    known: Bool[Tensor, "B T"]
    pitch: Float[Tensor, "B T"]
    content: Float[Tensor, "B R C"]
    """Audio feature, for the sync expert."""

    def part(self, frames: slice) -> RefinementBatch:
        """Return the batch of some of the frames."""
        rows = slice(2 * frames.start, 2 * frames.stop)
        return RefinementBatch(
            **{f.name: getattr(self, f.name)[:, rows if f.name == "content" else frames] for f in fields(self)}
        )


class RandomCrops(RandomAccessDataset[RefinementBatch]):
    """Maps a draw number to a window of one of the sequences.

    Args:
        sequences: whole sequences, batches of one.
        length: length of a window, frames.
        seed: seed of the draws.
    """

    def __init__(self, sequences: Sequence[RefinementBatch], length: int, seed: int) -> None:
        self._sequences, self._seed = sequences, seed
        self._length = min(length, *(sequence.known.shape[1] for sequence in sequences))

    def __getitem__(self, draw: int) -> RefinementBatch:
        rng = sample_rng(self._seed, draw)
        sequence = self._sequences[int(rng.integers(len(self._sequences)))]
        start = int(rng.integers(sequence.known.shape[1] - self._length + 1))
        return sequence.part(slice(start, start + self._length))


def collate(items: Sequence[RefinementBatch]) -> RefinementBatch:
    """Join windows of equal length to a batch."""
    return RefinementBatch(
        **{f.name: torch.cat([getattr(item, f.name) for item in items]) for f in fields(RefinementBatch)}
    )


REFERENCE_HZ = 160.0
"""Reference of the pitch, Hz: between men's and women's voices, so that both are near 0 octaves."""


def frame_pitch(hertz: Float[np.ndarray, "R"]) -> Float[np.ndarray, "T"]:
    """Pitch in octaves above REFERENCE_HZ, mean of a frame's voiced rows; 0 where none is voiced."""
    rows = hertz.reshape(-1, ROWS_PER_FRAME)
    voiced = rows > 0
    octaves = np.where(voiced, np.log2(np.maximum(rows, 1.0) / REFERENCE_HZ), 0.0)
    return (octaves.sum(1) / np.maximum(voiced.sum(1), 1)).astype(np.float32)
