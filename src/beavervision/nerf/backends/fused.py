"""Packs the weights of small MLPs for tiny-cuda-nn's fully fused kernels; the parameters stay ordinary tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128)
"""Hidden widths that can be fused (tiny-cuda-nn, fully_fused_mlp.cu; 256 is too large for a multiprocessor's memory to
be faster)."""

ALIGNMENT = 16
"""The numbers of inputs and outputs are padded to a multiple of this, the side of a tensor core's tile."""

LOUDER = 1024.0
"""Gradient scale inside the fused kernels. The share of one pixel in a mean over 4096 rays is about 1e-6, which
underflows in half precision (the smallest normal number is 6e-5). Multiplied by this factor it does not, and sums over
a whole batch stay far below the largest number, 65504."""

FusedNetwork = Callable[[Tensor, Tensor], Tensor]
"""Maps inputs [N, inputs] and packed weights [P] to outputs [N, out], in half precision."""


@dataclass(frozen=True)
class FusedSizes:
    """Sizes of a bias-free ReLU network."""

    inputs: int
    hidden: int
    layers: int
    """Number of weight matrices, including the last one."""
    out: int

    @property
    def fit(self) -> bool:
        """Whether such a network can be fused."""
        return self.hidden in WIDTHS and self.layers >= 2

    @property
    def parameters(self) -> int:
        """Number of values in the packed weights.

        Example:
            >>> FusedSizes(inputs=3, hidden=16, layers=3, out=1).parameters  # 16 x 16, 16 x 16, 16 x 16
            768
        """
        hidden = self.hidden
        return hidden * _aligned(self.inputs) + (self.layers - 2) * hidden**2 + _aligned(self.out) * hidden


def pack(weights: Sequence[Float[Tensor, "o i"]]) -> Float[Tensor, "P"]:
    """Pack the weights of the layers as tiny-cuda-nn reads them: one matrix after another, row by row. Differentiable.

    The first matrix gets zero columns for the padded inputs: tiny-cuda-nn fills these inputs with ones, so other values
    would act as a bias. The last matrix gets zero rows for the padded outputs.

    Args:
        weights: weights of the layers in order, each [outputs, inputs].
    """
    first, *between, last = weights
    wide = nn.functional.pad(first, (0, _aligned(first.shape[1]) - first.shape[1]))
    high = nn.functional.pad(last, (0, 0, 0, _aligned(last.shape[0]) - last.shape[0]))
    return torch.cat([layer.reshape(-1) for layer in (wide, *between, high)])


def run_fused(
    network: FusedNetwork, inputs: Float[Tensor, "N A"], weights: Sequence[Float[Tensor, "o i"]]
) -> Float[Tensor, "N out"]:
    """Run a fused network and return its outputs in single precision. Differentiable once.

    Args:
        network: the fused network; its sizes are those of `weights`.
        inputs: inputs of the network.
        weights: weights of the layers in order, each [outputs, inputs].
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
    """Return the values unchanged; their gradient is multiplied by `factor`."""
    return _ScaledGradient.apply(values, factor)
