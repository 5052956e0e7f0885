"""How batches reach the trainer: rays by step number, held-out frames by position."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Int
from torch.utils.data import Dataset, IterableDataset

from beavervision.stages.radnerf_head.batch import FrameBatch, RayBatch


class Steps(IterableDataset):
    """Batches by step number, without end, from the step at which iteration begins.

    Args:
        batch: makes the batch of a step.
        start: tells the step to begin with, asked when iteration begins.
    """

    def __init__(self, batch: Callable[[int], RayBatch], start: Callable[[], int]) -> None:
        self.batch, self.start = batch, start

    def __iter__(self) -> Iterator[RayBatch]:
        step = self.start()
        while True:
            yield self.batch(step)
            step += 1


class Frames(Dataset):
    """Whole frames by position in a list.

    Args:
        batch: makes the batch of a frame of the clip.
        frames: which frames.
    """

    def __init__(self, batch: Callable[[int], FrameBatch], frames: Int[np.ndarray, "N"]) -> None:
        self.batch, self.frames = batch, frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, i: int) -> FrameBatch:
        return self.batch(int(self.frames[i]))


def spread(frames: Int[np.ndarray, "N"], count: int) -> Int[np.ndarray, "M"]:
    """At most `count` of the frames, evenly spread, first and last included."""
    return frames[np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int))]
