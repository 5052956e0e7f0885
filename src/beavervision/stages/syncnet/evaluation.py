"""Evaluation of a sync expert on held-out speech: accuracy, and recovery of known offsets."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.metrics.sync import MAX_OFFSET, SyncOffset, offset_distances, window_offsets
from beavervision.stages.syncnet.network import WINDOW, SyncNet
from beavervision.stages.visualization.media import Curves

STRETCH_SECONDS = 2.0
"""Duration of speech from which an offset is estimated, seconds."""
RIGHT = 1
"""Tolerance of an estimated offset, frames."""
SHIFTS = (-6, -3, 3, 6)
"""Shifts in frames of the held-out sound that the expert must detect; 3 is the requirement."""


class SyncEvaluation:
    """Collects held-out sequences and evaluates the expert on them.

    Args:
        network: the sync expert.
        fps: frames per second.
    """

    def __init__(self, network: SyncNet, fps: float) -> None:
        self._network = network
        self._length = round(STRETCH_SECONDS * fps) - WINDOW + 1
        self._sync, self._logits = SyncOffset(), {True: [], False: []}
        self._found: dict[int, list[Int[Tensor, "W"]]] = {shift: [] for shift in (0, *SHIFTS)}

    def add(
        self, sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"]
    ) -> tuple[Float[Tensor, "O"], Float[Tensor, "O"]]:
        """Add a sequence that is in sync; return its `metrics.sync.offset_distances`.

        Args:
            sound: sound embeddings of the windows.
            motion: motion embeddings of the windows.
            known: windows to use.
        """
        self._sync = self._sync.to(sound.device)
        self._sync.update(sound, motion, known)
        for shift, found in self._found.items():
            late, moved, counts = shift_apart(sound, motion, known, shift)
            found.append(window_offsets(late, moved, counts, self._length))
            if abs(shift) in (0, min(map(abs, SHIFTS))):
                self._logits[shift == 0].append(self._network.logit(late, moved)[counts])
        return offset_distances(sound, motion, known)

    def figures(self) -> dict[str, Float[Tensor, ""]]:
        """Offset and confidence over all sequences; accuracy over windows and over two-second stretches."""
        if not self._logits[True]:
            return {}
        right, negatives = torch.cat(self._logits[True]) > 0, torch.cat(self._logits[False]) <= 0
        sync = self._sync.compute()
        found = {
            "offset": sync.offset.float(),
            "confidence": sync.confidence,
            # Too short a stretch has no shifted windows: use the available ones.
            "accuracy": torch.stack([_share(right), _share(negatives)]).nanmean(),
            "offset_found": _share(torch.cat(self._found[0]).abs() <= RIGHT),
            "shift_noticed": _share(torch.cat([torch.cat(self._found[s]).abs() for s in SHIFTS]) > RIGHT),
            "shift_found": _share(torch.cat([(torch.cat(self._found[s]) - s).abs() for s in SHIFTS]) <= RIGHT),
        }
        return {name: value for name, value in found.items() if torch.isfinite(value)}


def shift_apart(
    sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"], shift: int
) -> tuple[Float[Tensor, "S D"], Float[Tensor, "S D"], Bool[Tensor, "S"]]:
    """Sound delayed by `shift` frames (advanced if negative), with the motion and mask of the overlap.

    Example:
        >>> rows = torch.arange(4.0)[:, None]
        >>> late, motion, _ = shift_apart(rows, rows, torch.ones(4, dtype=torch.bool), 1)
        >>> late[:, 0].tolist(), motion[:, 0].tolist()
        ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    """
    first, last = max(0, shift), len(motion) + min(0, shift)
    if last <= first:
        return sound[:0], motion[:0], known[:0]
    return sound[first - shift : last - shift], motion[first:last], known[first:last]


def _share(right: Bool[Tensor, "W"]) -> Float[Tensor, ""]:
    """Share of True; NaN for an empty input."""
    return right.float().mean()


def offset_curves(total: Float[Tensor, "O"], count: Float[Tensor, "O"]) -> Curves:
    """Mean distance of lips and sound for each offset; offsets without pairs are blank.

    Args:
        total: sums of the distances of embeddings, from `metrics.sync.offset_distances`.
        count: number of pairs per offset.
    """
    sums, counts = (value.float().cpu().numpy() for value in (total, count))
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    offsets = np.arange(-MAX_OFFSET, MAX_OFFSET + 1)
    return Curves(
        "offset", offsets, {"held-out speech": mean}, "sound later than lips, frames", "distance of embeddings"
    )
