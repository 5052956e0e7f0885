"""Audio-visual offset, estimated with the embeddings of a sync expert."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import Metric

MAX_OFFSET = 15
"""Largest offset searched in either direction, frames (Chung & Zisserman, "Out of time", 2016)."""


class Sync(NamedTuple):
    """Offset in frames (positive: the sound is late) and confidence (0 = all offsets fit equally well)."""

    offset: Tensor
    confidence: Tensor


def offset_distances(
    sound: Float[Tensor, "T D"],
    motion: Float[Tensor, "T D"],
    known: Bool[Tensor, "T"] | None = None,
    max_offset: int = MAX_OFFSET,
) -> tuple[Float[Tensor, "O"], Float[Tensor, "O"]]:
    """Sum over time of the distances between motion t and sound t + o, and their number, for every offset o.

    Args:
        sound: embeddings of unit length.
        motion: embeddings of unit length.
        known: which motions to use.
        max_offset: offsets from -max_offset to max_offset are tested; O = 2 max_offset + 1.
    """
    length = len(motion)
    time = torch.arange(length, device=motion.device)
    place = time[None] + torch.arange(-max_offset, max_offset + 1, device=motion.device)[:, None]
    counts = (place >= 0) & (place < length) & (True if known is None else known[None])
    cosine = (sound[place.clamp(0, length - 1)] * motion[None]).sum(-1)
    distance = (2 - 2 * cosine).clamp(min=0).sqrt()
    return (distance * counts).sum(1), counts.sum(1).to(distance.dtype)


def sync_offset(
    sound: Float[Tensor, "T D"],
    motion: Float[Tensor, "T D"],
    known: Bool[Tensor, "T"] | None = None,
    max_offset: int = MAX_OFFSET,
) -> Sync:
    """Offset with the smallest mean distance; confidence = median - minimum over the offsets, as SyncNet's LSE-C.

    Example:
        >>> steps = torch.nn.functional.one_hot(torch.arange(20)).float()
        >>> sync_offset(steps.roll(3, 0), steps, max_offset=5).offset
        tensor(3)
    """
    return _verdict(*offset_distances(sound, motion, known, max_offset))


def window_offsets(
    sound: Float[Tensor, "T D"],
    motion: Float[Tensor, "T D"],
    known: Bool[Tensor, "T"] | None = None,
    length: int = 46,
    max_offset: int = MAX_OFFSET,
) -> Int[Tensor, "W"]:
    """Offset of each window of `length` embeddings alone, at steps of half a window.

    Windows with less than half of the motions known are skipped.

    Args:
        sound: embeddings of unit length.
        motion: embeddings of unit length.
        known: which motions to use.
        length: embeddings per window; 46 embeddings of 5 frames each cover two seconds at 25 fps.
        max_offset: largest offset searched in either direction, frames.
    """
    known = torch.ones(len(motion), dtype=torch.bool, device=motion.device) if known is None else known
    starts = range(0, len(motion) - length + 1, max(1, length // 2))
    parts = [slice(start, start + length) for start in starts]
    parts = [part for part in parts if 2 * known[part].sum() >= length]
    found = [sync_offset(sound[part], motion[part], known[part], max_offset).offset for part in parts]
    return torch.stack(found) if found else torch.zeros(0, dtype=torch.long, device=motion.device)


def _verdict(total: Float[Tensor, "O"], count: Float[Tensor, "O"]) -> Sync:
    """Choose the best offset; offsets with less than half the pairs of the others (short sound) are ignored."""
    occurs = (count > 0) & (2 * count >= count.max())
    if not occurs.any():
        return Sync(count.new_zeros((), dtype=torch.long), total.new_tensor(torch.nan))
    mean = torch.where(occurs, total / count.clamp(min=1), torch.inf)
    best = mean.argmin()
    return Sync(best - len(mean) // 2, mean[occurs].median() - mean[best])


class SyncOffset(Metric):
    """Offset and confidence over several sequences; see `sync_offset`.

    Args:
        max_offset: largest offset searched in either direction, frames.
    """

    full_state_update = False

    def __init__(self, max_offset: int = MAX_OFFSET, **settings: object) -> None:
        super().__init__(**settings)
        self.max_offset = max_offset
        self.add_state("total", torch.zeros(2 * max_offset + 1), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(2 * max_offset + 1), dist_reduce_fx="sum")

    def update(
        self, sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"] | None = None
    ) -> None:
        """Add one contiguous sequence."""
        total, count = offset_distances(sound, motion, known, self.max_offset)
        self.total += total
        self.count += count

    def compute(self) -> Sync:
        """Offset in frames and confidence."""
        return _verdict(self.total, self.count)
