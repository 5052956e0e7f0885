"""Volume rendering along rays (Mildenhall et al. 2020, "NeRF", equation 3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

EARLY_STOP = 1e-4
"""Transmittance below which a ray ends (RAD-NeRF)."""


def render_weight_from_density(density: Float[Tensor, "R S"], lengths: Float[Tensor, "R"]) -> Float[Tensor, "R S"]:
    """Weight of each sample in its pixel: its opacity times the transmittance of all samples before it. Differentiable.

    Args:
        density: density per unit of length, >= 0.
        lengths: length of ray that each sample covers.

    Example:
        >>> half = torch.tensor(0.5).log().neg()  # a density that lets half of the light pass per unit
        >>> render_weight_from_density(half.expand(1, 3), torch.ones(1))
        tensor([[0.5000, 0.2500, 0.1250]])
    """
    optical = density * lengths[:, None]
    before = torch.cumsum(optical, 1) - optical
    return torch.exp(-before) * -torch.expm1(-optical)


def accumulate_along_rays(weights: Float[Tensor, "R S"], values: Float[Tensor, "R S C"]) -> Float[Tensor, "R C"]:
    """Weighted sum of values over each ray, premultiplied by the ray's opacity. Differentiable."""
    return (weights[..., None] * values).sum(1)


def median_depth(weights: Float[Tensor, "R S"], depths: Float[Tensor, "R S"]) -> Float[Tensor, "R"]:
    """Depth of the sample at which half of a ray's opacity is reached.

    Example:
        >>> median_depth(torch.tensor([[0.1, 0.5, 0.2]]), torch.tensor([[1.0, 2.0, 3.0]]))
        tensor([2.])
    """
    running = weights.cumsum(1)
    half = (running < running[:, -1:] / 2).sum(1, keepdim=True).clamp_max(weights.shape[1] - 1)
    return depths.gather(1, half)[:, 0]
