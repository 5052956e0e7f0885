"""Jitter: high-frequency motion of landmarks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


def landmark_jitter(landmarks: Float[Tensor, "T K C"]) -> Float[Tensor, ""]:
    """Mean length of the second difference over time, x[t-1] - 2 x[t] + x[t+1], in the unit of the landmarks.

    Uniform motion has jitter 0. Triples of frames with a NaN landmark are skipped.

    Example:
        >>> landmark_jitter(torch.tensor([0.0, 1.0, 0.0, 1.0])[:, None, None])
        tensor(2.)
    """
    total, count = _sums(landmarks)
    return total / count


class LandmarkJitter(Metric):
    """Mean jitter over several contiguous sequences; see `landmark_jitter`."""

    higher_is_better = False
    full_state_update = False

    total: Tensor
    count: Tensor

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0.0), dist_reduce_fx="sum")

    def update(self, landmarks: Float[Tensor, "T K C"]) -> None:
        """Add one contiguous sequence."""
        total, count = _sums(landmarks)
        self.total += total
        self.count += count

    def compute(self) -> Float[Tensor, ""]:
        """Mean jitter; NaN when no triple was valid."""
        return self.total / self.count


def _sums(landmarks: Float[Tensor, "T K C"]) -> tuple[Tensor, Tensor]:
    bend = (landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:]).norm(dim=-1).mean(-1)
    counts = torch.isfinite(bend)
    return bend[counts].sum(), counts.sum().to(bend.dtype)
