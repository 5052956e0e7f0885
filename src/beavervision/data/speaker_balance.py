"""Balanced sampling: every speaker has the same probability, whatever the amount of speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


class BalancedSpeakerSampler:
    """Draws a speaker uniformly, and then one of the speaker's samples by weight.

    Args:
        speakers: speaker of each sample.
        weights: weight of each sample, e.g. its known frames; a sample with weight 0 is never drawn.
        members: indices of the samples to draw from; all by default.

    Example:
        >>> balance = BalancedSpeakerSampler(["ann", "ann", "bob"], [100, 300, 1])
        >>> rng = np.random.default_rng(0)
        >>> drawn = [balance.draw(rng) for _ in range(1000)]
        >>> [round(drawn.count(i) / 1000, 1) for i in range(3)]
        [0.1, 0.4, 0.5]
    """

    def __init__(self, speakers: Sequence[str], weights: Sequence[float], members: Iterable[int] | None = None) -> None:
        groups: dict[str, list[int]] = {}
        for index in range(len(speakers)) if members is None else members:
            if weights[index] > 0:
                groups.setdefault(speakers[index], []).append(index)
        self._names = list(groups)
        self._groups = [np.array(group) for group in groups.values()]
        self._ends = [np.cumsum([float(weights[index]) for index in group]) for group in self._groups]

    def __len__(self) -> int:
        return len(self._groups)

    def draw(self, rng: np.random.Generator, other_than: str | None = None) -> int:
        """Draw the index of a sample.

        Args:
            rng: random generator; two numbers are drawn from it.
            other_than: a speaker to exclude, unless there is no other.
        """
        left_out = other_than in self._names and len(self._names) > 1
        chosen = int(rng.integers(len(self._groups) - left_out))
        if left_out and chosen >= self._names.index(str(other_than)):
            chosen += 1
        ends = self._ends[chosen]
        return int(self._groups[chosen][np.searchsorted(ends, rng.random() * ends[-1], side="right")])
