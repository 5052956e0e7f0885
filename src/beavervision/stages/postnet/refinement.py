"""Predicted and true landmark conditions side by side, cut at random and joined to batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.data.sampling import Drawn, draw_rng
from beavervision.types import Batch


@dataclass
class Refinement(Batch):
    """Predicted and true landmark conditions of a speech."""

    predicted: Float[Tensor, "B T 204"]
    truth: Float[Tensor, "B T 204"]
    known: Bool[Tensor, "B T"]
    pitch: Float[Tensor, "B T"]
    content: Float[Tensor, "B R C"]
    """Audio feature, for the sync expert."""

    def part(self, frames: slice) -> Refinement:
        """The same for some of the frames."""
        rows = slice(2 * frames.start, 2 * frames.stop)
        return Refinement(
            **{f.name: getattr(self, f.name)[:, rows if f.name == "content" else frames] for f in fields(self)}
        )


class Stretches(Drawn[Refinement]):
    """Map the number of a draw to a window of one of the takes.

    Args:
        takes: whole takes, batches of one.
        length: frames of a window.
        seed: of the draws.
    """

    def __init__(self, takes: Sequence[Refinement], length: int, seed: int) -> None:
        self._takes, self._seed = takes, seed
        self._length = min(length, *(take.known.shape[1] for take in takes))

    def __getitem__(self, draw: int) -> Refinement:
        rng = draw_rng(self._seed, draw)
        take = self._takes[int(rng.integers(len(self._takes)))]
        start = int(rng.integers(take.known.shape[1] - self._length + 1))
        return take.part(slice(start, start + self._length))


def collate(items: Sequence[Refinement]) -> Refinement:
    """Join windows of equal length."""
    return Refinement(**{f.name: torch.cat([getattr(item, f.name) for item in items]) for f in fields(Refinement)})
