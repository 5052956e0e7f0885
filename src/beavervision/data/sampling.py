"""Random-access sampling: the order of training data is a pure function of seed and position, so runs can resume."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

ItemT = TypeVar("ItemT")
ENDLESS = 1 << 40
"""Draws of a dataset: more than any training makes, and few enough to count in 64 bits."""


class RandomAccessDataset(Dataset[ItemT]):
    """Maps the number of a draw to one random item, the same item every time; there is no last one.

    The length is for `debug=overfit`, which counts draws from 0 again and again.
    """

    def __len__(self) -> int:
        return ENDLESS


class ResumableSampler(Sampler[int]):
    """Counts draws: epoch e yields e n .. (e + 1) n - 1; a dataset maps each number to one random item.

    Args:
        draws: n, draws per epoch.
        first: draws before this one were made before the run was interrupted.
        batch: draws that all processes together make for one step.
        own: which of them this process makes; by default all.
    """

    def __init__(self, draws: int, first: int = 0, batch: int = 1, own: slice | None = None) -> None:
        self._draws, self._first, self._epoch, self._batch = draws, first, 0, batch
        self._own = range(batch)[own or slice(None)]

    def set_epoch(self, epoch: int) -> None:
        """Lightning tells which epoch begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._draws // self._batch * len(self._own)

    def __iter__(self) -> Iterator[int]:
        start = self._epoch * self._draws
        for first in range(max(start, self._first), start + self._draws, self._batch):
            yield from (first + i for i in self._own)


class ResumableLoader(DataLoader[Any]):
    """DataLoader over a ResumableSampler; tells Lightning that it can resume anywhere.

    It has no state of its own: where it goes on follows from the number of batches done, which the trainer keeps.
    """

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, _: dict[str, Any]) -> None:
        """Nothing to restore."""


def worker_numbers(first: int) -> Iterator[int]:
    """Numbers from `first` on, without end; of a loader's n worker processes, each gets every n-th.

    A loader asks its workers in turn, so that batches arrive in order.
    """
    worker = get_worker_info()
    own, of = (worker.id, worker.num_workers) if worker else (0, 1)
    return itertools.count(first + own, of)


def sample_rng(seed: int, draw: int) -> np.random.Generator:
    """Random numbers of one draw, the same in whichever process and order it is made."""
    return np.random.default_rng((seed, draw))


@contextmanager
def step_noise(seed: int, step: int) -> Iterator[None]:
    """Context in which torch's random numbers depend on (seed, step) alone; the global state comes back after it.

    Example:
        >>> with step_noise(1, 7):
        ...     first = torch.randn(3)
        >>> with step_noise(1, 7):
        ...     bool((torch.randn(3) == first).all())
        True
    """
    # SeedSequence mixes the two so that neighbouring steps share nothing.
    state = int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint32)[0])
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(state)
        yield
