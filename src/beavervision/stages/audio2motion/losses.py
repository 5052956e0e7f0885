"""Loss terms of audio2motion, and how their weights move."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.stages.distributed import weighted_mean


def masked_mean(values: Float[Tensor, "B T"], weight: Float[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Weighted mean over frames; 0 where nothing weighs."""
    return weighted_mean(values, weight)


def acceleration_error(
    motion: Float[Tensor, "B T E"], truth: Float[Tensor, "B T E"], known: Bool[Tensor, "B T"]
) -> Float[Tensor, ""]:
    """Mean squared error of the temporal Laplacian, kernel (-.5, 1, -.5), over three known frames in a row.

    Against the truth's Laplacian, not against zero: the latter would reward a mouth that never shuts.
    """
    if motion.shape[1] < 3:
        return motion.sum() * 0
    error = motion - truth
    bend = error[:, 1:-1] - 0.5 * (error[:, :-2] + error[:, 2:])
    known3 = known[:, :-2] & known[:, 1:-1] & known[:, 2:]
    return masked_mean(bend.square().mean(-1), known3.to(bend.dtype))


def sampled_kl(
    z: Float[Tensor, "B Z L"],
    mean: Float[Tensor, "B Z L"],
    log_sigma: Float[Tensor, "B Z L"],
    noise: Float[Tensor, "B Z L"],
    log_det: Float[Tensor, "B"],
    mask: Bool[Tensor, "B 1 L"],
) -> Float[Tensor, ""]:
    """KL divergence of posterior and flow prior, estimated from the sample z, per latent value.

    log q(z) - log N(flow(z); 0, 1) - log |det d flow / dz|, the constant log sqrt(2 pi) cancelling.

    Args:
        z: sample of the posterior.
        mean: of the posterior.
        log_sigma: of the posterior.
        noise: flow(z).
        log_det: log |det| of the flow's Jacobian.
        mask: latents that count.
    """
    log_q = -log_sigma - 0.5 * ((z - mean) * (-log_sigma).exp()).square()
    log_p = -0.5 * noise.square()
    per_latent = (log_q - log_p) * mask
    # The Jacobian's logarithm belongs to whole sequences: each spreads over its sequence's latents.
    spread = log_det[:, None, None] / (mask.sum((1, 2), keepdim=True) * z.shape[1]).clamp(min=1)
    return weighted_mean(per_latent - spread, mask.expand_as(z).to(z.dtype), least=1)


def cyclic_weight(step: int, peak: float, rise: int, hold: int) -> float:
    """Weight of the KL term: 0 -> peak over `rise` steps, held for `hold`, and again (Fu et al. 2019)."""
    return peak * min(1.0, step % (rise + hold) / rise) if rise > 0 else peak


def learning_rate_factor(step: int, warm_up: int, decay: float, decay_steps: int) -> float:
    """Linear warm-up, then exponential decay to `decay` within `decay_steps` steps."""
    return min(1.0, (step + 1) / max(1, warm_up)) * math.exp(math.log(decay) * step / decay_steps)
