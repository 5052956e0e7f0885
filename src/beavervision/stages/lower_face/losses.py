"""What the lower face is asked for: colours and their gradients at several scales, the lips before all."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from beavervision.stages.distributed import weighted_mean


@dataclass(frozen=True)
class LowerFaceWeights:
    """Weights of the loss's parts; that of the colours is 1."""

    gradient: float = 1.0
    """Of the gradients' differences, each scale alike: sharpness that L1 alone averages away."""
    scales: int = 3
    """Scales at which gradients are compared, each half the one before."""
    lips: float = 4.0
    """How much more the lips and what is near them count than the rest."""
    mouth: float = 8.0
    """How much more besides what is between the lips counts: few pixels, and the hardest."""


def lower_face_loss(
    drawn: Float[Tensor, "B 3 S S"],
    truth: Float[Tensor, "B 3 S S"],
    weight: Float[Tensor, "B 1 S S"],
    weights: LowerFaceWeights,
) -> Float[Tensor, ""]:
    """Mean absolute difference of colours and of their gradients, over the pixels that count.

    Args:
        drawn: by the network.
        truth: the footage.
        weight: of each pixel; see `pixel_weight`.
        weights: of the parts.
    """
    difference = drawn - truth
    loss = weighted_mean(difference.abs(), weight.expand_as(difference))
    for scale in range(weights.scales if weights.gradient > 0 else 0):
        if scale:
            difference, weight = functional.avg_pool2d(difference, 2), functional.avg_pool2d(weight, 2)
        for axis in (2, 3):
            slope, both = torch.diff(difference, dim=axis), _both(weight, axis)
            loss = loss + weights.gradient * weighted_mean(slope.abs(), both.expand_as(slope))
    return loss


def pixel_weight(
    ellipse: Float[Tensor, "1 1 S S"],
    counted: Float[Tensor, "B 1 S S"],
    lips: Float[Tensor, "B 1 S S"],
    mouth: Float[Tensor, "B 1 S S"],
    weights: LowerFaceWeights,
) -> Float[Tensor, "B 1 S S"]:
    """Weight of each pixel: 0 outside the ellipse and where something stands before the face, most between the lips."""
    return ellipse * counted * (1 + weights.lips * lips + weights.mouth * mouth)


def _both(weight: Float[Tensor, "B 1 h w"], axis: int) -> Float[Tensor, "B 1 h2 w2"]:
    """Weight of a difference between neighbours: the lesser of theirs."""
    count = weight.shape[axis] - 1
    return torch.minimum(weight.narrow(axis, 0, count), weight.narrow(axis, 1, count))
