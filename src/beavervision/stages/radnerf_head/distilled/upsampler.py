"""Upsampler: from a low-resolution image and rendered features to canvas resolution."""

from __future__ import annotations

import itertools

from jaxtyping import Float
from torch import Tensor, nn

RGBA = 4
KERNEL = 3


class Upsampler(nn.Module):
    """A few low-resolution convolutions and a pixel shuffle (Shi et al. 2016, "ESPCN"), added to linear interpolation.

    No layer has a bias: where nothing is rendered the output is zero, so that a window gives the same result as the
    whole canvas with zero padding. The output is also zero where the interpolated opacity is zero, so that a barely
    trained upsampler creates no haze. The last layer is initialised with zeros: at first the upsampler interpolates.

    Args:
        features: number of channels in addition to colour and opacity.
        factor: scale factor.
        width: channels of the hidden layers.
        layers: number of convolutions, >= 2.

    Example:
        >>> import torch
        >>> network = Upsampler(features=3, factor=2, width=8, layers=2)
        >>> network(torch.rand(1, 7, 5, 6)).shape
        torch.Size([1, 4, 10, 12])
    """

    def __init__(self, features: int, factor: int, width: int, layers: int) -> None:
        super().__init__()
        self.factor = factor
        widths = (RGBA + features, *[width] * (layers - 1))
        hidden = [_convolution(a, b) for a, b in itertools.pairwise(widths)]
        self.hidden = nn.ModuleList(hidden)
        self.last = _convolution(width, RGBA * factor**2)
        for layer in hidden:
            nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(self.last.weight)

    @property
    def reach(self) -> int:
        """Receptive field on either side, in low-resolution pixels."""
        return (len(self.hidden) + 1) * (KERNEL // 2)

    def forward(self, small: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 4 H W"]:
        """Colour (premultiplied) and opacity at `factor` times the resolution, not clamped."""
        base = nn.functional.interpolate(
            small[:, :RGBA].float(), scale_factor=self.factor, mode="bilinear", align_corners=False
        )
        fine = base + nn.functional.pixel_shuffle(self.detail(small), self.factor)
        return fine * (base[:, RGBA - 1 :] > 0)

    def detail(self, small: Float[Tensor, "B C h w"]) -> Float[Tensor, "B D h w"]:
        """Residual of the interpolation: sub-pixels of each pixel, D = 4 factor^2, in the order of `pixel_shuffle`."""
        x = small
        for layer in self.hidden:
            x = nn.functional.relu_(layer(x))
        return self.last(x).float()


def _convolution(a: int, b: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, KERNEL, padding=KERNEL // 2, bias=False)
