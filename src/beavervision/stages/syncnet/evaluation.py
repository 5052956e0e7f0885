"""Evaluation of a sync expert on held-out speech: accuracy, and recovery of known offsets."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.metrics.sync import SyncOffset, offset_distances, window_offsets
from beavervision.stages.syncnet.network import WINDOW, SyncNet

STRETCH_SECONDS = 2.0
"""Of speech from which an offset shall be told (issue 4)."""
RIGHT = 1
"""Frames that a found offset may miss by."""
SHIFTS = (-6, -3, 3, 6)
"""Frames by which held-out sound is moved to see whether it is noticed; 3 have to be (issue 4)."""


class SyncEvaluation:
    """Gathers held-out sequences.

    Args:
        network: the expert.
        fps: frames a second.
    """

    def __init__(self, network: SyncNet, fps: float) -> None:
        self._network = network
        self._length = round(STRETCH_SECONDS * fps) - WINDOW + 1
        self._sync, self._logits = SyncOffset(), {True: [], False: []}
        self._found: dict[int, list[Int[Tensor, "W"]]] = {shift: [] for shift in (0, *SHIFTS)}

    def add(
        self, sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"]
    ) -> tuple[Float[Tensor, "O"], Float[Tensor, "O"]]:
        """Judge a sequence that is in step; return `metrics.sync.offset_distances` of it.

        Args:
            sound: embeddings of the windows.
            motion: embeddings of the windows.
            known: windows that count.
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
        """Offset and confidence of everything; shares of windows and of two-second stretches judged rightly."""
        if not self._logits[True]:
            return {}
        right, negatives = torch.cat(self._logits[True]) > 0, torch.cat(self._logits[False]) <= 0
        sync = self._sync.compute()
        found = {
            "offset": sync.offset.float(),
            "confidence": sync.confidence,
            # Too short a stretch has no shifted windows: what there is, then.
            "accuracy": torch.stack([_share(right), _share(negatives)]).nanmean(),
            "offset_found": _share(torch.cat(self._found[0]).abs() <= RIGHT),
            "shift_noticed": _share(torch.cat([torch.cat(self._found[s]).abs() for s in SHIFTS]) > RIGHT),
            "shift_found": _share(torch.cat([(torch.cat(self._found[s]) - s).abs() for s in SHIFTS]) <= RIGHT),
        }
        return {name: value for name, value in found.items() if torch.isfinite(value)}


def shift_apart(
    sound: Float[Tensor, "T D"], motion: Float[Tensor, "T D"], known: Bool[Tensor, "T"], shift: int
) -> tuple[Float[Tensor, "S D"], Float[Tensor, "S D"], Bool[Tensor, "S"]]:
    """Sound that comes `shift` frames late (early where negative), the motion beside it, and what counts of it.

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
    """Share that is true; NaN of nothing."""
    return right.float().mean()
