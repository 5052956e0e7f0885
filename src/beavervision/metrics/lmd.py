"""LMD: mean landmark distance (Chen et al., "Lip movements generation at a glance", 2018)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


def landmark_distance(
    found: Float[Tensor, "T K C"], truth: Float[Tensor, "T K C"], scale: Float[Tensor, "T"] | float = 1.0
) -> Float[Tensor, ""]:
    """Mean Euclidean distance of landmarks / `scale`; frames with a NaN landmark are skipped.

    Args:
        found: predicted landmarks.
        truth: true landmarks, same unit.
        scale: unit of the result, per frame or for all frames, e.g. the distance of the eyes.

    Example:
        >>> landmark_distance(torch.tensor([[[3.0, 4.0]]]), torch.zeros(1, 1, 2))
        tensor(5.)
    """
    total, count = _sums(found, truth, scale)
    return total / count


class LandmarkDistance(Metric):
    """Mean landmark distance over all frames; see `landmark_distance`."""

    higher_is_better = False
    full_state_update = False

    total: Tensor
    count: Tensor

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0.0), dist_reduce_fx="sum")

    def update(
        self, found: Float[Tensor, "T K C"], truth: Float[Tensor, "T K C"], scale: Float[Tensor, "T"] | float = 1.0
    ) -> None:
        """Add frames."""
        total, count = _sums(found, truth, scale)
        self.total += total
        self.count += count

    def compute(self) -> Float[Tensor, ""]:
        """Mean distance; NaN when no frame was valid."""
        return self.total / self.count


def _sums(
    found: Float[Tensor, "T K C"], truth: Float[Tensor, "T K C"], scale: Float[Tensor, "T"] | float
) -> tuple[Tensor, Tensor]:
    distance = (found - truth).norm(dim=-1).mean(-1) / scale
    counts = torch.isfinite(distance)
    return distance[counts].sum(), counts.sum().to(distance.dtype)
