"""Training data in an order that is a pure function of seed and position, so that a resumed run repeats it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler


class DrawSampler(Sampler[int]):
    """Counts draws: epoch e yields e n .. (e + 1) n - 1; a dataset maps each number to one random item.

    Args:
        draws: n, draws per epoch.
        first: draws before this one were made before the run was interrupted.
    """

    def __init__(self, draws: int, first: int = 0) -> None:
        self._draws, self._first, self._epoch = draws, first, 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning tells which epoch begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._draws

    def __iter__(self) -> Iterator[int]:
        start = self._epoch * self._draws
        return iter(range(max(start, self._first), start + self._draws))


class DrawLoader(DataLoader[Any]):
    """DataLoader over a DrawSampler; tells Lightning that it can resume anywhere.

    It has no state of its own: where it goes on follows from the number of batches done, which the trainer keeps.
    """

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, _: dict[str, Any]) -> None:
        """Nothing to restore."""


def draw_rng(seed: int, draw: int) -> np.random.Generator:
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
