"""Lip metrics of a refined motion."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel
from beavervision.metrics.lip_motion import opening_ratio
from beavervision.metrics.mouth import closure_recall
from beavervision.stages.lip_landmarks import LIPS68

LIP_MIDDLES = (62, 66)
"""Middles of the upper and lower inner lip among the 68 landmarks."""


class LipMetrics:
    """Lip vertex error, correlation and range of the mouth opening, and recall of lip closures.

    Args:
        face: face model, whose mean face turns offsets into distances.
        training: conditions of the person's training frames; their range of openings defines a closure.
    """

    def __init__(self, face: FaceModel, training: Float[Tensor, "N 204"]) -> None:
        mean = CONDITION_SCALE * face.mean[face.landmarks68]
        self._middles = torch.from_numpy(mean[list(LIP_MIDDLES)]).float()
        opening = self.opening(training)
        self._range = (float(opening.quantile(0.02)), float(opening.quantile(0.95)))

    def opening(self, condition: Float[Tensor, "T 204"]) -> Float[Tensor, "T"]:
        """Distance between the middles of the inner lips, mm."""
        points = condition.unflatten(-1, (68, 3))[..., list(LIP_MIDDLES), :] + self._middles.to(condition)
        return (points[..., 0, :] - points[..., 1, :]).norm(dim=-1)

    def __call__(
        self, condition: Float[Tensor, "T 204"], truth: Float[Tensor, "T 204"], known: Bool[Tensor, "T"]
    ) -> dict[str, Float[Tensor, ""]]:
        """Metrics over the known frames; undefined ones (no closure, no movement) are omitted."""
        condition, truth = condition[known], truth[known]
        if len(truth) < 3:
            return {}
        error = (condition - truth).unflatten(-1, (68, 3))[:, LIPS68]
        opening, true_opening = self.opening(condition), self.opening(truth)
        figures = {
            "lip_vertex_error_mm2": error.square().sum(-1).amax(-1).mean(),
            "mouth_correlation": torch.corrcoef(torch.stack([opening, true_opening]))[0, 1],
            "closure_recall": closure_recall(opening, true_opening, *self._range),
            "opening_ratio": torch.tensor(opening_ratio(opening.numpy(), true_opening.numpy())),
        }
        return {name: value for name, value in figures.items() if torch.isfinite(value)}
