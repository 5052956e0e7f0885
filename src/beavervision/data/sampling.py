"""Random-access sampling: the order of training data is a pure function of seed and position, so runs can resume."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

ItemT = TypeVar("ItemT")
ENDLESS = 1 << 40
"""Length of an endless dataset: more draws than any training needs, and within 64 bits."""


class RandomAccessDataset(Dataset[ItemT]):
    """Maps each draw number to one random item, always the same one; the dataset is endless.

    The length is for `debug=overfit`, which repeats the draws from 0.
    """

    def __len__(self) -> int:
        return ENDLESS


class ResumableSampler(Sampler[int]):
    """Yields draw numbers: epoch e yields e n .. (e + 1) n - 1; a dataset maps each number to one random item.

    Args:
        draws: number n of draws per epoch.
        first: first draw of this run; earlier ones were made before an interruption.
        batch: draws per step of all processes together.
        own: which of these this process makes; by default all.
    """

    def __init__(self, draws: int, first: int = 0, batch: int = 1, own: slice | None = None) -> None:
        self._draws, self._first, self._epoch, self._batch = draws, first, 0, batch
        self._own = range(batch)[own or slice(None)]

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; called by Lightning."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._draws // self._batch * len(self._own)

    def __iter__(self) -> Iterator[int]:
        start = self._epoch * self._draws
        for first in range(max(start, self._first), start + self._draws, self._batch):
            yield from (first + i for i in self._own)


class ResumableLoader(DataLoader[Any]):
    """DataLoader over a ResumableSampler; declares to Lightning that it can resume at any batch.

    It has no state: its position follows from the number of batches done, which the trainer stores.
    """

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, _: dict[str, Any]) -> None:
        """Do nothing; there is no state to restore."""


class NumberedBatchDataset(IterableDataset[ItemT]):
    """Endless dataset of batches by number; worker processes alternate.

    Args:
        draw: function that makes the batch of a number, always the same one.
        first: number of the first batch: the trainer's step.
    """

    def __init__(self, draw: Callable[[int], ItemT], first: int) -> None:
        self._draw, self._first = draw, first

    def __iter__(self) -> Iterator[ItemT]:
        for number in worker_numbers(self._first):
            yield self._draw(number)


def worker_numbers(first: int) -> Iterator[int]:
    """Endless numbers from `first` on; each of a loader's n worker processes gets every n-th one.

    A loader asks its workers in turn, so batches arrive in order.
    """
    worker = get_worker_info()
    own, of = (worker.id, worker.num_workers) if worker else (0, 1)
    return itertools.count(first + own, of)


def sample_rng(seed: int, draw: int) -> np.random.Generator:
    """Random generator of one draw, independent of the process and of the order of draws."""
    return np.random.default_rng((seed, draw))


@contextmanager
def step_noise(seed: int, step: int) -> Iterator[None]:
    """Context manager in which torch's random numbers depend on (seed, step) alone; then the state is restored.

    Example:
        >>> with step_noise(1, 7):
        ...     first = torch.randn(3)
        >>> with step_noise(1, 7):
        ...     bool((torch.randn(3) == first).all())
        True
    """
    # SeedSequence mixes the two, so that neighbouring steps are independent.
    state = int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint32)[0])
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(state)
        yield


def spread_indices(frames: Int[np.ndarray, "N"], count: int) -> Int[np.ndarray, "M"]:
    """At most `count` of the frames, evenly spaced, including the first and last."""
    return frames[np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int))]
