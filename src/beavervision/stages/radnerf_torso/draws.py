"""Batches of the torso's training without end, each a function of its number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch.utils.data import IterableDataset

from beavervision.data.sampling import worker_numbers
from beavervision.stages.radnerf_torso.batch import TorsoBatch


class EndlessDraws(IterableDataset):
    """Every draw from `first` on; worker processes take turns.

    Args:
        draw: makes the batch of a number.
        first: number of the first batch: where the trainer stands.
    """

    def __init__(self, draw: Callable[[int], TorsoBatch], first: int) -> None:
        self._draw, self._first = draw, first

    def __iter__(self) -> Iterator[TorsoBatch]:
        for number in worker_numbers(self._first):
            yield self._draw(number)
