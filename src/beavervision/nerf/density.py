"""From a network's output to a density."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

CEILING = 15.0
"""Exponent at which the gradient stops growing (Instant NGP's truncated exponential)."""


class _TruncatedExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.exp(x.clamp_max(CEILING))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * torch.exp(x.clamp(-CEILING, CEILING))


def truncated_exp(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """exp(x) whose value and gradient stay finite, and whose gradient never dies."""
    return _TruncatedExp.apply(x)
