"""Loss terms of audio2motion, and schedules of their weights."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.stages.distributed import weighted_mean


def masked_mean(values: Float[Tensor, "B T"], weight: Float[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Weighted mean over frames; 0 where all weights are 0."""
    return weighted_mean(values, weight)


def acceleration_error(
    motion: Float[Tensor, "B T E"], truth: Float[Tensor, "B T E"], known: Bool[Tensor, "B T"]
) -> Float[Tensor, ""]:
    """Mean squared error of the temporal Laplacian, kernel (-.5, 1, -.5), over three known frames in a row.

    The reference is the true Laplacian, not zero: zero would penalise lip closures.
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

    log q(z) - log N(flow(z); 0, 1) - log |det d flow / dz|; the constants log sqrt(2 pi) cancel.

    Args:
        z: sample of the posterior.
        mean: mean of the posterior.
        log_sigma: log standard deviation of the posterior.
        noise: flow(z).
        log_det: log |det| of the flow's Jacobian.
        mask: latents to include.
    """
    log_q = -log_sigma - 0.5 * ((z - mean) * (-log_sigma).exp()).square()
    log_p = -0.5 * noise.square()
    per_latent = (log_q - log_p) * mask
    # The log determinant is that of a whole sequence: it is distributed over the sequence's latents.
    spread = log_det[:, None, None] / (mask.sum((1, 2), keepdim=True) * z.shape[1]).clamp(min=1)
    return weighted_mean(per_latent - spread, mask.expand_as(z).to(z.dtype), least=1)


def cyclic_weight(step: int, peak: float, rise: int, hold: int) -> float:
    """Weight of the KL term: rises from 0 to peak in `rise` steps, stays for `hold`, and repeats (Fu et al. 2019)."""
    return peak * min(1.0, step % (rise + hold) / rise) if rise > 0 else peak


def learning_rate_factor(step: int, warm_up: int, decay: float, decay_steps: int) -> float:
    """Linear warm-up, then exponential decay to `decay` within `decay_steps` steps."""
    return min(1.0, (step + 1) / max(1, warm_up)) * math.exp(math.log(decay) * step / decay_steps)
