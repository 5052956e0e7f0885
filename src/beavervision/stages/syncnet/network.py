"""SyncNet: two encoders whose embeddings are similar when sound and lips are in sync."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.stages.distributed import SharedBatchNorm
from beavervision.stages.lip_landmarks import mirror_lips

WINDOW = 5
"""Number of frames of a window, 0.2 s; ten rows of sound (STAGES.md section 2)."""


class WindowEncoder(nn.Module):
    """Convolutions over a window without padding; a long sequence gives one embedding per window.

    Args:
        channels: number C of input channels.
        hidden: channels of the convolutions.
        embedding: dimension D of the embedding.
        kernels: kernel widths; the window is 1 + the sum of (kernel - 1).
        dropout: share of activations dropped in training.
    """

    def __init__(self, channels: int, hidden: int, embedding: int, kernels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in kernels:
            layers += [nn.Conv1d(channels, hidden, width), SharedBatchNorm(hidden), nn.GELU(), nn.Dropout(dropout)]
            channels = hidden
        self.layers = nn.Sequential(*layers, nn.Conv1d(hidden, embedding, 1))

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B W D"]:
        """Embeddings of unit length, one per window."""
        return normalize(self.layers(x.mT), dim=1).mT


class SyncNet(nn.Module):
    """Sync expert (after MimicTalk's audio_lm3d_syncnet; Chung & Zisserman 2016).

    Args:
        content_dim: number of channels of the audio feature.
        lips_dim: number of coordinates of the lips.
        hidden: channels of the convolutions.
        embedding: length of the embeddings.
        dropout: share of activations dropped in training.
    """

    content_mean: Tensor
    content_std: Tensor
    lips_mean: Tensor
    lips_std: Tensor

    def __init__(
        self, content_dim: int, lips_dim: int = 60, hidden: int = 128, embedding: int = 64, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.register_buffer("content_mean", torch.zeros(content_dim))
        self.register_buffer("content_std", torch.ones(content_dim))
        self.register_buffer("lips_mean", torch.zeros(lips_dim))
        self.register_buffer("lips_std", torch.ones(lips_dim))
        self.sound = WindowEncoder(content_dim, hidden, embedding, (4, 4, 4), dropout)
        self.motion = WindowEncoder(lips_dim, hidden, embedding, (3, 3), dropout)
        # Logit = scale x cosine + bias, both learned (Zhai et al., "Sigmoid loss", 2023), because a cosine is bounded.
        self.log_scale = nn.Parameter(torch.tensor(1.5))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def set_statistics(
        self,
        content_mean: Float[Tensor, "C"],
        content_std: Float[Tensor, "C"],
        lips_mean: Float[Tensor, "L"],
        lips_std: Float[Tensor, "L"],
    ) -> None:
        """Set the statistics of the training split, with which the network standardises sound and lips."""
        self.content_mean.copy_(content_mean)
        self.content_std.copy_(content_std)
        self.lips_mean.copy_(lips_mean)
        self.lips_std.copy_(lips_std)

    def embed_sound(self, content: Float[Tensor, "B 2T C"]) -> Float[Tensor, "B W D"]:
        """Sound embedding of the window that starts at each frame; W = T - WINDOW + 1."""
        standard = (content - self.content_mean) / self.content_std
        return self.sound(standard)[:, ::ROWS_PER_FRAME]

    def embed_lips(self, lips: Float[Tensor, "B T L"]) -> Float[Tensor, "B W D"]:
        """Lip embedding of each window.

        Left-right asymmetry is removed: it comes from the person or the tracker, not from speech.
        """
        even = (lips + mirror_lips(lips)) / 2
        return self.motion((even - self.lips_mean) / self.lips_std)

    def logit(self, sound: Float[Tensor, "*b D"], motion: Float[Tensor, "*b D"]) -> Float[Tensor, "*b"]:
        """Log-odds that embeddings are in sync."""
        return self.log_scale.exp() * (sound * motion).sum(-1) + self.bias

    def forward(self, content: Float[Tensor, "B 2T C"], lips: Float[Tensor, "B T L"]) -> Float[Tensor, "B W"]:
        """Log-odds that sound and lips are in sync, for each window."""
        return self.logit(self.embed_sound(content), self.embed_lips(lips))
