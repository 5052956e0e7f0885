"""Mouth opening over time: recall of lip closures."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric

from beavervision.metrics.lip_motion import SHUT

SPOKEN = 0.35
"""A closure belongs to speech if the mouth was or will be open beyond this share ..."""
NEAR = 4
"""... within this many frames (160 ms at 25 fps); longer closures are rest."""


def spoken_closures(opening: Float[Tensor, "T"], low: float, high: float) -> Bool[Tensor, "T"]:
    """Frames in which the mouth is closed during speech (p, b, m).

    Args:
        opening: distance of the lips, any unit.
        low: opening at rest.
        high: largest opening that counts, e.g. the 95th percentile.

    Example:
        >>> spoken_closures(torch.tensor([0.0, 0, 0, 0, 0, 0, 1, 0, 1]), 0.0, 1.0).int().tolist()
        [0, 0, 1, 1, 1, 1, 0, 1, 0]
    """
    share = (opening - low) / max(high - low, 1e-9)
    wide = (share > SPOKEN).float()[None, None]
    near = torch.nn.functional.max_pool1d(wide, 2 * NEAR + 1, 1, NEAR)[0, 0] > 0
    return (share < SHUT) & near


def closure_recall(
    opening: Float[Tensor, "T"], truth: Float[Tensor, "T"], low: float, high: float, slack: int = 1
) -> Float[Tensor, ""]:
    """Share of the true spoken closures (runs of frames) in which the mouth closes, within `slack` frames.

    NaN when the truth has no closure.

    Args:
        opening: predicted opening.
        truth: true opening.
        low: true opening at rest.
        high: largest true opening that counts.
        slack: tolerance, frames.
    """
    closed = spoken_closures(truth, low, high).int()
    edges = torch.diff(torch.nn.functional.pad(closed, (1, 1)))
    starts, stops = (edges == 1).nonzero()[:, 0], (edges == -1).nonzero()[:, 0]
    if not len(starts):
        return opening.new_tensor(torch.nan)
    limit = low + SHUT * (high - low)
    found = [opening[max(0, int(a) - slack) : int(b) + slack].min() < limit for a, b in zip(starts, stops, strict=True)]
    return torch.stack(found).float().mean()


class ClosureRecall(Metric):
    """Share of the true lip closures in speech that are predicted; see `closure_recall`.

    Args:
        low: true opening at rest.
        high: largest true opening that counts.
        slack: frames by which a closure may be early or late.
    """

    higher_is_better = True
    full_state_update = False

    found: Tensor
    total: Tensor

    def __init__(self, low: float, high: float, slack: int = 1, **settings: object) -> None:
        super().__init__(**settings)
        self.low, self.high, self.slack = low, high, slack
        self.add_state("found", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")

    def update(self, opening: Float[Tensor, "T"], truth: Float[Tensor, "T"]) -> None:
        """Add one contiguous sequence."""
        recall = closure_recall(opening, truth, self.low, self.high, self.slack)
        if not torch.isnan(recall):
            closed = spoken_closures(truth, self.low, self.high).int()
            runs = (torch.diff(torch.nn.functional.pad(closed, (1, 0))) == 1).sum()
            self.found += recall * runs
            self.total += runs

    def compute(self) -> Float[Tensor, ""]:
        """Recall over all sequences; NaN without any closure."""
        return self.found / self.total
