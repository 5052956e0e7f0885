"""Batches of the torso's training without end, each a function of its number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch.utils.data import IterableDataset

from beavervision.stages.radnerf_torso.batch import TorsoBatch


class EndlessDraws(IterableDataset):
    """Every `step`-th draw from `first` on.

    Args:
        draw: makes the batch of a number.
        first: number of the first batch: where the trainer stands.
        step: processes that draw side by side.
    """

    def __init__(self, draw: Callable[[int], TorsoBatch], first: int, step: int) -> None:
        self._draw, self._first, self._step = draw, first, step

    def __iter__(self) -> Iterator[TorsoBatch]:
        number = self._first
        while True:
            yield self._draw(number)
            number += self._step
