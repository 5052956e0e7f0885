"""Encoders of the field's condition: a window of landmark offsets, and the eyes' openness."""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn

SLOPE = 0.02
"""Negative slope of the leaky ReLUs (AD-NeRF's audio network, kept by RAD-NeRF and GeneFace++)."""


class WindowEncoder(nn.Module):
    """Encodes each frame of a window by convolutions, then blends the window by attention.

    The convolutions run over the context of each frame, with widths in -> 32 -> 32 -> 64 -> 64. Three linear layers of
    64 follow, then one attention weight per frame (AD-NeRF's smoothing network).

    Weights start with He initialisation. With PyTorch's default the eight layers shrink the difference between frames
    to 2e-4 (measured), and the field learns only the mean mouth for its first thousand steps.

    Args:
        channels: values per frame, 204 for 68 landmarks.
        window: number of frames that attention blends.
        context: frames of context for each of them, 1 as in GeneFace++; the convolutions then have width 1 instead of
            3.
        width: width of the result.
    """

    def __init__(self, channels: int, window: int, context: int = 1, width: int = 64) -> None:
        super().__init__()
        self.width = width
        widths, kernel = (channels, 32, 32, 64, 64), min(3, context)
        convolutions = [nn.Conv1d(a, b, kernel, padding=kernel // 2) for a, b in itertools.pairwise(widths)]
        linears = [nn.Linear(a, b) for a, b in ((64, 64), (64, 64), (64, width))]
        self.convolutions, self.linears = nn.ModuleList(convolutions), nn.ModuleList(linears)
        for layer in (*convolutions, *linears):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        narrowing = (width, 16, 8, 4, 2, 1)
        self.attention = nn.ModuleList(nn.Conv1d(a, b, 3, padding=1) for a, b in itertools.pairwise(narrowing))
        self.scores = nn.Linear(window, window)

    def forward(self, windows: Float[Tensor, "B W context channels"]) -> Float[Tensor, "B width"]:
        """Encode windows; frame W // 2 is the one that is rendered."""
        count, window = windows.shape[:2]
        x = windows.flatten(0, 1).transpose(1, 2)
        for convolution in self.convolutions:
            x = nn.functional.leaky_relu(convolution(x), SLOPE)
        x = x.mean(2)
        for linear in self.linears[:-1]:
            x = nn.functional.leaky_relu(linear(x), SLOPE)
        frames = self.linears[-1](x).reshape(count, window, -1)
        if window == 1:
            return frames[:, 0]
        scores = frames.transpose(1, 2)
        for convolution in self.attention:
            scores = nn.functional.leaky_relu(convolution(scores), SLOPE)
        share = torch.softmax(self.scores(scores[:, 0]), 1)
        return (share[..., None] * frames).sum(1)


class EyeEncoder(nn.Module):
    """Encodes the eyes' openness as a few numbers (1 -> 32 -> 2, as in GeneFace++)."""

    WIDTH = 2

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1, 32), nn.LeakyReLU(SLOPE), nn.Linear(32, self.WIDTH))

    def forward(self, eye: Float[Tensor, "B"]) -> Float[Tensor, "B 2"]:
        """Encode normalised openness."""
        return self.layers(eye[:, None])
