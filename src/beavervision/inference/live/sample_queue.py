"""Samples that wait in the order of their arrival."""

from __future__ import annotations

from collections import deque

import numpy as np
from jaxtyping import Float


class SampleQueue:
    """First in, first out; adding and taking cost no more when much is waiting."""

    def __init__(self) -> None:
        self._blocks: deque[np.ndarray] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, samples: Float[np.ndarray, "N"]) -> None:
        """Append samples."""
        if len(samples):
            self._blocks.append(np.asarray(samples, np.float32))
            self._count += len(samples)

    def take(self, count: int) -> Float[np.ndarray, "n"]:
        """Remove and return the oldest samples: `count`, or as many as there are."""
        taken, missing = [np.zeros(0, np.float32)], min(count, self._count)
        self._count -= missing
        while missing:
            block = self._blocks.popleft()
            taken.append(block[:missing])
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
            missing -= len(taken[-1])
        return np.concatenate(taken)
