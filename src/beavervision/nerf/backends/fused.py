"""Small networks in the layout of tiny-cuda-nn's fully fused ones: the weights stay where every backend finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128)
"""Hidden widths that are fused (tiny-cuda-nn, fully_fused_mlp.cu; 256 keeps too little in a multiprocessor to pay)."""

ALIGNMENT = 16
"""Inputs and outputs are padded to a multiple of this: the side of a tensor core's tile."""

LOUDER = 1024.0
"""Factor of gradients inside. A pixel's share of a mean over 4096 rays is about 1e-6, which is not a normal number in
half precision (6e-5 is the least); times this it is, and sums over a whole batch are still far from 65504."""

FusedNetwork = Callable[[Tensor, Tensor], Tensor]
"""Inputs [N, inputs] and packed weights [P] to outputs [N, out], in half precision."""


@dataclass(frozen=True)
class FusedSizes:
    """Sizes of a bias-free ReLU network."""

    inputs: int
    hidden: int
    layers: int
    """Matrices, the last one included."""
    out: int

    @property
    def fit(self) -> bool:
        """Whether such a network can be fused."""
        return self.hidden in WIDTHS and self.layers >= 2

    @property
    def parameters(self) -> int:
        """Numbers in the packed weights.

        Example:
            >>> FusedSizes(inputs=3, hidden=16, layers=3, out=1).parameters  # 16 x 16, 16 x 16, 16 x 16
            768
        """
        hidden = self.hidden
        return hidden * _aligned(self.inputs) + (self.layers - 2) * hidden**2 + _aligned(self.out) * hidden


def pack(weights: Sequence[Float[Tensor, "o i"]]) -> Float[Tensor, "P"]:
    """Weights of the layers as tiny-cuda-nn reads them: matrix after matrix, row by row. Differentiable.

    The first has columns of zeros for the padded inputs (which tiny-cuda-nn fills with ones: anything else there would
    be a bias), the last has rows of zeros for the padded outputs.

    Args:
        weights: of the layers in order, outputs x inputs.
    """
    first, *between, last = weights
    wide = nn.functional.pad(first, (0, _aligned(first.shape[1]) - first.shape[1]))
    high = nn.functional.pad(last, (0, 0, 0, _aligned(last.shape[0]) - last.shape[0]))
    return torch.cat([layer.reshape(-1) for layer in (wide, *between, high)])


def run_fused(
    network: FusedNetwork, inputs: Float[Tensor, "N A"], weights: Sequence[Float[Tensor, "o i"]]
) -> Float[Tensor, "N out"]:
    """Outputs of a fused network, in single precision. Differentiable once.

    Args:
        network: of the weights' sizes.
        inputs: of the network.
        weights: of its layers in order, outputs x inputs.
    """
    packed = _scaled(pack(weights).float(), 1 / LOUDER)
    return _scaled(network(_scaled(inputs.float(), 1 / LOUDER), packed).float(), LOUDER)


def _aligned(width: int) -> int:
    return -(-width // ALIGNMENT) * ALIGNMENT


class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return values.view_as(values)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # autograd passes one gradient an output
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor, None]:
        return gradient * ctx.factor, None


def _scaled(values: Tensor, factor: float) -> Tensor:
    """The values themselves, whose gradient is multiplied by `factor`."""
    return _ScaledGradient.apply(values, factor)
