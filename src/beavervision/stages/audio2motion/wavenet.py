"""Masked and causal gated convolutions (WaveNet), and masked batch normalisation."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import pad

from beavervision.stages.distributed import normalised


class TimeConv(nn.Conv1d):
    """Convolution over time that preserves the length (divided by `stride`).

    Args:
        channels: input channels.
        out: output channels.
        kernel: width of the kernel.
        stride: stride; the length must be a multiple of it.
        causal: whether result i uses the positions up to stride x i only; else as many on either side.
    """

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, *, causal: bool = False) -> None:
        super().__init__(channels, out, kernel, stride)
        both = kernel - stride
        self._sides = (kernel - 1, 0) if causal else (both - both // 2, both // 2)

    @property
    def past(self) -> int:
        """Number of past positions in the receptive field."""
        return self._sides[0]

    @property
    def future(self) -> int:
        """Number of future positions in the receptive field."""
        return self.kernel_size[0] - 1 - self._sides[0]

    def forward(self, x: Float[Tensor, "B C T"]) -> Float[Tensor, "B D t"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # named x
        """Convolve, with zero padding."""
        return super().forward(pad(x, self._sides))


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation whose statistics ignore padded positions."""

    def forward(self, x: Float[Tensor, "B C T"], mask: Bool[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # masked
        """Normalise; padded positions become zero."""
        if self.training:
            return normalised(self, x, mask.to(x.dtype)) * mask
        mean, var = self.get_buffer("running_mean"), self.get_buffer("running_var")
        scale = self.weight * (var + self.eps).rsqrt()
        return ((x - mean[:, None]) * scale[:, None] + self.bias[:, None]) * mask


class GatedStack(nn.Module):
    """Residual stack of gated convolutions (van den Oord et al., "WaveNet", 2016, equation 2), undilated.

    Args:
        hidden: channels H.
        condition: channels G of the condition.
        layers: number of layers.
        kernel: width of the convolutions, odd.
        dropout: share of activations dropped in training.
        causal: whether the convolutions use past positions only.
    """

    def __init__(
        self, hidden: int, condition: int, layers: int, kernel: int, dropout: float = 0.0, *, causal: bool = False
    ) -> None:
        super().__init__()
        convolutions = [TimeConv(hidden, 2 * hidden, kernel, causal=causal) for _ in range(layers)]
        self.convolutions = nn.ModuleList(convolutions)
        self.condition = nn.Conv1d(condition, 2 * hidden * layers, 1)
        self.outputs = nn.ModuleList(
            nn.Conv1d(hidden, hidden if last else 2 * hidden, 1) for last in [False] * (layers - 1) + [True]
        )
        self.dropout = nn.Dropout(dropout)
        self.past: int = sum(convolve.past for convolve in convolutions)
        """Number of past positions in the receptive field."""
        self.future: int = sum(convolve.future for convolve in convolutions)
        """Number of future positions in the receptive field."""

    def forward(
        self, x: Float[Tensor, "B H T"], g: Float[Tensor, "B G T"], mask: Bool[Tensor, "B 1 T"]
    ) -> Float[Tensor, "B H T"]:
        """Sum of the layers' skip outputs; zero where `mask` is."""
        total = torch.zeros_like(x)
        conditions = self.condition(g).chunk(len(self.convolutions), dim=1)
        for convolve, condition, output in zip(self.convolutions, conditions, self.outputs, strict=True):
            wave, gate = (convolve(self.dropout(x)) + condition).chunk(2, dim=1)
            result = output(torch.tanh(wave) * torch.sigmoid(gate))
            if result.shape[1] == x.shape[1]:
                total = total + result  # the last layer contributes to the sum only
            else:
                residual, skip = result.chunk(2, dim=1)
                x, total = (x + residual) * mask, total + skip
        return total * mask
