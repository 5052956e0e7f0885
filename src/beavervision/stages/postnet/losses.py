"""Loss terms of postnet: adversarial loss, distance to the ground truth, lip closure."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.stages.distributed import weighted_mean

INNER_LIP_PAIRS = ((61, 67), (62, 66), (63, 65))
"""Upper and lower inner lip among the 68 landmarks."""


def discriminator_loss(
    own: Float[Tensor, "B T"], refined: Float[Tensor, "B T"], known: Bool[Tensor, "B T"]
) -> Float[Tensor, ""]:
    """Least-squares GAN, discriminator: person's frames to 1, refined ones to 0 (Mao et al. 2017, equation 9)."""
    weight = known.to(own.dtype)
    return 0.5 * (mean_over((own - 1).square(), weight) + mean_over(refined.square(), weight))


def adversarial_loss(refined: Float[Tensor, "B T"], known: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Least-squares GAN, generator: refined frames to 1."""
    return mean_over((refined - 1).square(), known.to(refined.dtype))


def lip_gap(condition: Float[Tensor, "*b 204"]) -> Float[Tensor, "*b 3 3"]:
    """Vectors between upper and lower inner lip, in the unit of the condition."""
    points = condition.unflatten(-1, (68, 3))
    upper, lower = (list(side) for side in zip(*INNER_LIP_PAIRS, strict=True))
    return points[..., upper, :] - points[..., lower, :]


def mean_over(values: Float[Tensor, "B T"], weight: Float[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Weighted mean over frames; 0 where all weights are 0."""
    return weighted_mean(values, weight)
