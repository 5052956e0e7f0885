"""From a small rendered picture and what the field knows there to a full-sized picture."""

from __future__ import annotations

import itertools

from jaxtyping import Float
from torch import Tensor, nn

RGBA = 4
KERNEL = 3


class Upsampler(nn.Module):
    """A few convolutions at the small size, then sub-pixels (Shi et al. 2016, "ESPCN"), added to linear interpolation.

    No layer has a bias: where nothing is rendered nothing appears, so that a window computes what the whole canvas
    would, and zeros round it are the truth. Nor is there anything where interpolation finds no opacity at all: an
    upsampler that has learnt little spreads no haze. The last layer starts at zero: at first it interpolates.

    Args:
        features: channels beside colour and opacity.
        factor: how many times larger the result is.
        width: channels of the hidden layers.
        layers: convolutions, >= 2.

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
        """Pixels of the small picture, on every side, that a pixel of the result depends on."""
        return (len(self.hidden) + 1) * (KERNEL // 2)

    def forward(self, small: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 4 H W"]:
        """Colour (premultiplied) and opacity, `factor` times larger; not clamped."""
        base = nn.functional.interpolate(
            small[:, :RGBA].float(), scale_factor=self.factor, mode="bilinear", align_corners=False
        )
        fine = base + nn.functional.pixel_shuffle(self.detail(small), self.factor)
        return fine * (base[:, RGBA - 1 :] > 0)

    def detail(self, small: Float[Tensor, "B C h w"]) -> Float[Tensor, "B D h w"]:
        """What interpolation lacks: sub-pixels of each pixel, D = 4 factor^2, as `pixel_shuffle` takes them."""
        x = small
        for layer in self.hidden:
            x = nn.functional.relu_(layer(x))
        return self.last(x).float()


def _convolution(a: int, b: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, KERNEL, padding=KERNEL // 2, bias=False)
