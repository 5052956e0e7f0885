"""Residual CNN over landmark conditions, and its discriminator."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.stages.distributed import SharedBatchNorm

LEAK = 0.2
"""Negative slope of the leaky ReLUs (STAGES.md section 3)."""


class PostNet(nn.Module):
    """Residual 1-D CNN: landmarks and pitch in, refined landmarks out (GeneFace, 2023; STAGES.md section 3).

    It is initialised as the identity.

    Args:
        landmarks_dim: coordinates of the landmarks.
        widths: channels of the hidden layers (reference 3 x 128, 3 x 256, 128).
        kernel: width of the convolutions (3).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        landmarks_dim: int = 204,
        widths: tuple[int, ...] = (128, 128, 128, 256, 256, 256, 128),
        kernel: int = 3,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(landmarks_dim))
        self.register_buffer("std", torch.ones(landmarks_dim))
        channels, layers = landmarks_dim + 1, []
        for width in widths:
            layers += [
                nn.Conv1d(channels, width, kernel, padding=kernel // 2),
                SharedBatchNorm(width),
                nn.LeakyReLU(LEAK),
            ]
            channels = width
        last = nn.Conv1d(channels, landmarks_dim, kernel, padding=kernel // 2)
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(*layers, last)
        self.reach = (len(widths) + 1) * (kernel // 2)
        """Receptive field on either side, frames."""

    def set_statistics(self, mean: Float[Tensor, "D"], std: Float[Tensor, "D"]) -> None:
        """Set the statistics of the training split, with which the network standardises landmarks."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    def forward(self, condition: Float[Tensor, "B T D"], pitch: Float[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """Refine landmark conditions.

        Args:
            condition: 1/10 cm, flattened.
            pitch: octaves above REFERENCE_HZ, 0 where unvoiced.
        """
        standard = (condition - self.mean) / self.std
        change = self.layers(torch.cat([standard, pitch[..., None]], 2).mT).mT
        return condition + change * self.std


class Discriminator(nn.Module):
    """Distinguishes the person's frames from refined ones, frame by frame (widths as in GeneFace).

    Args:
        landmarks_dim: coordinates of the landmarks.
        widths: widths of the hidden layers.
        dropout: share of activations dropped in training.
    """

    def __init__(
        self,
        landmarks_dim: int = 204,
        widths: tuple[int, ...] = (128, 256, 256, 128),
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        channels, layers = landmarks_dim, []
        for width in widths:
            layers += [nn.Linear(channels, width), nn.LeakyReLU(LEAK), nn.Dropout(dropout)]
            channels = width
        self.layers = nn.Sequential(*layers, nn.Linear(channels, 1))

    def forward(self, standard: Float[Tensor, "*b D"]) -> Float[Tensor, "*b"]:
        """Score: 1 for frames of the person, 0 for others."""
        return self.layers(standard)[..., 0]
