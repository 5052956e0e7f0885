"""Datasets of ray batches (by step number) and of held-out frames (by position)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Int
from torch.utils.data import Dataset, IterableDataset

from beavervision.data.sampling import worker_numbers
from beavervision.stages.radnerf_head.batch import FrameBatch, RayBatch


class RayBatchDataset(IterableDataset):
    """Endless dataset of batches by step number; worker processes alternate.

    Args:
        batch: function that makes the batch of a step.
        start: first step.
    """

    def __init__(self, batch: Callable[[int], RayBatch], start: int) -> None:
        self.batch, self.start = batch, start

    def __iter__(self) -> Iterator[RayBatch]:
        for step in worker_numbers(self.start):
            yield self.batch(step)


class HeldOutFrameDataset(Dataset):
    """Dataset of whole frames by position in a list.

    Args:
        batch: function that makes the batch of a frame of the clip.
        frames: frames of the clip.
    """

    def __init__(self, batch: Callable[[int], FrameBatch], frames: Int[np.ndarray, "N"]) -> None:
        self.batch, self.frames = batch, frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, i: int) -> FrameBatch:
        return self.batch(int(self.frames[i]))


def spread_indices(frames: Int[np.ndarray, "N"], count: int) -> Int[np.ndarray, "M"]:
    """At most `count` of the frames, evenly spaced, including the first and last."""
    return frames[np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int))]
