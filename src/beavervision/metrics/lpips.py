"""LPIPS: perceptual distance of images (Zhang et al. 2018, "The unreasonable effectiveness of deep features").

The network is torchvision's AlexNet. Its weights may not be redistributed here: they come from a file of the user's or
from torchvision's cache. The learned weights of LPIPS come with torchmetrics. Nothing is downloaded.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.errors import ConfigError
from beavervision.nerf.precision import full_precision

CACHED = "alexnet-owt-7be5be79.pth"
"""File name of AlexNet's weights in torchvision's cache."""
HEADS = "functional/image/lpips_models/alex.pth"
"""Location of LPIPS's own weights in torchmetrics."""
SMALLEST = 31
"""Smallest image side in pixels: smaller images vanish in AlexNet's pooling."""

# Input and output channels, kernel, stride and padding of each convolution, and its index in torchvision's features.
_LAYERS = ((3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1))
_PLACES = (0, 3, 6, 8, 10)
_POOLED = (1, 2)
"""Convolutions that follow a max pooling (3 x 3, stride 2)."""
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""ImageNet's mean and standard deviation for values in [-1, 1], as LPIPS defines them."""


class Lpips(nn.Module):
    """Distance of images by AlexNet features, 0 where they are equal. Differentiable; its weights are frozen."""

    shift: Float[Tensor, "3 1 1"]
    scale: Float[Tensor, "3 1 1"]

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleList(nn.Conv2d(a, b, kernel, step, pad) for a, b, kernel, step, pad in _LAYERS)
        self.heads = nn.ParameterList(torch.zeros(layer[1]) for layer in _LAYERS)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(3, 1, 1))
        self.requires_grad_(requires_grad=False)

    @classmethod
    def found(cls, path: Path | None = None) -> Lpips | None:
        """Load the network from the user's file or torchvision's cache; None where neither exists.

        Args:
            path: state dict of torchvision's AlexNet; None searches the cache (`TORCH_HOME`).

        Raises:
            ConfigError: when the file is given but missing, or has other contents.
        """
        cached = Path(torch.hub.get_dir()) / "checkpoints" / CACHED
        if path is None and not cached.is_file():
            return None
        return cls.from_file(cached if path is None else Path(path))

    @classmethod
    def from_file(cls, path: Path) -> Lpips:
        """Load the network with AlexNet's weights from a file.

        Raises:
            ConfigError: when the file is missing or has other contents.
        """
        wanted = f"give torchvision's {CACHED}."
        if not path.is_file():
            raise ConfigError(f"{path} does not exist; {wanted}")
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            for layer, place in zip(network.features, _PLACES, strict=True):
                layer.load_state_dict({kind: state[f"features.{place}.{kind}"] for kind in ("weight", "bias")})
        except Exception:  # torch.load raises a dozen kinds of errors for files that are no state dict
            raise ConfigError(f"{path} does not hold AlexNet's weights; {wanted}") from None
        heads = torch.load(str(files("torchmetrics") / HEADS), map_location="cpu", weights_only=True)
        for i, head in enumerate(network.heads):
            head.copy_(heads[f"lin{i}.model.1.weight"].flatten())
        return network.eval()

    @full_precision
    def forward(self, a: Float[Tensor, "B 3 H W"], b: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B"]:
        """Distance of each image of `a` from that of `b`; values in [0, 1], at least 31 pixels high and wide."""
        pair = (torch.cat([a, b]) * 2 - 1 - self.shift) / self.scale
        distance = a.new_zeros(len(a))
        for i, (layer, head) in enumerate(zip(self.features, self.heads, strict=True)):
            if i in _POOLED:
                pair = nn.functional.max_pool2d(pair, 3, 2)
            pair = torch.relu(layer(pair))
            # Normalise over channels; the lower limit of the root is torchmetrics'.
            ours, theirs = (pair / (pair.square().sum(1, keepdim=True) + 1e-8).sqrt()).chunk(2)
            distance = distance + torch.einsum("bchw,c->bhw", (ours - theirs).square(), head).mean((1, 2))
        return distance
