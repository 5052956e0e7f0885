"""The small MLPs of the fields."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.backends.fused import FusedNetwork, FusedSizes, run_fused
from beavervision.nerf.backends.registry import load_backend


class RayMLP(nn.Module):
    """Bias-free ReLU network on samples, with an additional input shared by all samples of a ray.

    It equals a network on the concatenation, without copying the ray's vector to its samples: W [s; r] = W_s s + W_r r,
    and the second term is computed once per ray. Under autocast to half precision, where the backend has a fused
    network, all layers run at once on the concatenation, with the same weights.

    Args:
        of_sample: width of a sample's input.
        of_ray: width of a ray's input; 0 for none.
        hidden: width of the hidden layers.
        layers: number of linear layers, >= 2.
        out: width of the output.
        backend: "torch", "numba", "tinycudann" or "auto"; trained weights work with all of them.

    Example:
        >>> network = RayMLP(of_sample=3, of_ray=2, hidden=8, layers=2, out=1)
        >>> network(torch.rand(4, 5, 3), torch.rand(4, 2)).shape
        torch.Size([4, 5, 1])
    """

    def __init__(self, of_sample: int, of_ray: int, hidden: int, layers: int, out: int, backend: str = "torch") -> None:
        super().__init__()
        self.backend, self.sizes = backend, FusedSizes(of_sample + of_ray, hidden, layers, out)
        self.first = nn.Linear(of_sample, hidden, bias=False)
        self.shared = nn.Linear(of_ray, hidden, bias=False) if of_ray else None
        widths = [hidden] * (layers - 1) + [out]
        rest = [nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(widths)]
        self.rest = nn.ModuleList(rest)
        for layer in rest[:-1]:
            nn.init.kaiming_normal_(layer.weight)
        for layer in (self.first, self.shared):
            if layer is not None:
                # The initialisation bound of a layer whose input is the concatenation.
                bound = (of_sample + of_ray) ** -0.5
                nn.init.uniform_(layer.weight, -bound, bound)

    def forward(
        self, samples: Float[Tensor, "R S A"], rays: Float[Tensor, "C B"] | None = None
    ) -> Float[Tensor, "R S out"]:
        """Apply the network.

        Args:
            samples: inputs of the samples.
            rays: inputs of the rays; one row where all rays share it, which then acts as a bias.
        """
        fused = self._fused(samples.device)
        if fused is not None and samples.numel() > 0:
            return self._at_once(fused, samples, rays)
        if self.shared is None:
            x = self.first(samples)
        elif rays is None:
            raise ValueError("this network needs the inputs of the rays")
        elif len(rays) == 1:
            x = nn.functional.linear(samples, self.first.weight, self.shared(rays)[0])
        else:
            x = self.first(samples) + self.shared(rays)[:, None]
        for layer in self.rest:
            x = layer(torch.relu_(x))
        return x

    def _fused(self, device: torch.device) -> FusedNetwork | None:
        """Return the fused network, or None where layers are computed one after another."""
        if not torch.is_autocast_enabled(device.type):
            return None
        return load_backend(self.backend, device).fused(self.sizes, device)

    def _at_once(self, fused: FusedNetwork, samples: Tensor, rays: Tensor | None) -> Float[Tensor, "R S out"]:
        first, joined = self.first.weight, samples
        if self.shared is not None and rays is not None:
            first = torch.cat([first, self.shared.weight], 1)
            joined = torch.cat([samples, rays[:, None].expand(*samples.shape[:2], -1)], -1)
        weights = [first, *(layer.weight for layer in self.rest)]
        return run_fused(fused, joined.flatten(0, 1), weights).unflatten(0, samples.shape[:2])


MAX_EXPONENT = 15.0
"""Exponent at which the gradient stops growing (Instant NGP's truncated exponential)."""


class _TruncatedExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.exp(x.clamp_max(MAX_EXPONENT))

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # autograd passes one gradient an output
        ctx: Any, gradient: Tensor
    ) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * torch.exp(x.clamp(-MAX_EXPONENT, MAX_EXPONENT))


def truncated_exp(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """exp(x) whose value and gradient stay finite, and whose gradient does not vanish."""
    return _TruncatedExp.apply(x)
