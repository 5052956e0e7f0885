"""Condition encoder: audio features, pitch, blink and amplitudes as one vector per frame."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import gelu

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.stages.audio2motion.wavenet import MaskedBatchNorm, TimeConv

PITCH_BINS = 300
"""Rows of the pitch table (GeneFace++ keeps 300 for 256 bins)."""

RowMerge = Literal["linear", "nearest"]
"""Conversion from 50 Hz to 25 Hz: the mean of a frame's two rows, or the first of them."""


class RowEncoder(nn.Module):
    """Conv - batch norm - GELU - conv over the rows of an audio feature, followed by residual blocks of the same.

    Args:
        channels: channels of the feature.
        hidden: channels of the result.
        blocks: number of residual blocks (0 in GeneFace++, whose feature is HuBERT; log-mel needs more processing).
        causal: whether the convolutions use past rows only.
    """

    def __init__(self, channels: int, hidden: int, blocks: int = 0, *, causal: bool = False) -> None:
        super().__init__()
        self.first = TimeConv(channels, hidden, 3, causal=causal)
        self.norm = MaskedBatchNorm(hidden)
        self.second = TimeConv(hidden, hidden, 3, causal=causal)
        self.norms = nn.ModuleList(MaskedBatchNorm(hidden) for _ in range(blocks))
        body = [TimeConv(hidden, hidden, 3, causal=causal) for _ in range(blocks)]
        self.blocks = nn.ModuleList(body)
        layers = [self.first, self.second, *body]
        self.past: int = sum(layer.past for layer in layers)
        """Number of past rows in the receptive field."""
        self.future: int = sum(layer.future for layer in layers)
        """Number of future rows in the receptive field."""

    def forward(self, x: Float[Tensor, "B C R"], mask: Bool[Tensor, "B 1 R"]) -> Float[Tensor, "B F R"]:
        """Encode; zero where `mask` is."""
        x = self.second(gelu(self.norm(self.first(x * mask), mask)) * mask) * mask
        for norm, convolve in zip(self.norms, self.blocks, strict=True):
            x = x + convolve(gelu(norm(x, mask)) * mask) * mask
        return x


class ConditionEncoder(nn.Module):
    """Maps sound, pitch, blink and amplitudes to the condition g (STAGES.md section 2).

    Args:
        content: channels of the audio feature.
        hidden: F, channels of its encoder.
        condition: G, channels of the result.
        branch: channels of the pitch, blink and amplitude branches.
        dropout: share of the audio channels dropped in training.
        blocks: number of residual blocks of the audio encoder.
        rows: conversion from 50 Hz to 25 Hz.
        pitch: whether the pitch is an input.
        causal: whether no input after a frame is used.
    """

    def __init__(
        self,
        content: int,
        hidden: int,
        condition: int,
        branch: int,
        dropout: float,
        blocks: int = 0,
        rows: RowMerge = "linear",
        *,
        pitch: bool,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self._rows = rows
        self.content = RowEncoder(content, hidden, blocks, causal=causal)
        self.pitch_table = nn.Embedding(PITCH_BINS, branch) if pitch else None
        self.pitch = RowEncoder(branch, branch, causal=causal) if pitch else None
        self.blink = nn.Embedding(2, branch)
        self.mouth_amp = nn.Parameter(torch.randn(branch) * branch**-0.5)
        self.eye_amp = nn.Parameter(torch.randn(branch) * branch**-0.5)
        self.dropout = nn.Dropout1d(dropout)
        self.merge = nn.Conv1d(hidden + branch * (4 if pitch else 3), condition, 1)
        self.past: int = -(-self.content.past // ROWS_PER_FRAME)
        """Number of past frames in the receptive field."""
        self.future: int = -(-self.content.future // ROWS_PER_FRAME)
        """Number of future frames in the receptive field."""

    def forward(
        self,
        content: Float[Tensor, "B 2T C"],
        pitch: Int[Tensor, "B 2T"],
        blink: Int[Tensor, "B T"],
        mouth_amp: Float[Tensor, "B"],
        eye_amp: Float[Tensor, "B"],
        inside: Bool[Tensor, "B T"],
    ) -> Float[Tensor, "B G T"]:
        """Condition per frame; zero outside the sequences."""
        mask, rows = inside[:, None], inside.repeat_interleave(ROWS_PER_FRAME, 1)[:, None]
        parts = [self.dropout(self._to_frames(self.content(content.mT, rows)))]
        if self.pitch is not None and self.pitch_table is not None:
            parts.append(self._to_frames(self.pitch(self.pitch_table(pitch).mT, rows)))
        parts.append(self.blink(blink).mT)
        for amp, vector in ((mouth_amp, self.mouth_amp), (eye_amp, self.eye_amp)):
            parts.append((amp[:, None] * vector)[..., None].expand(-1, -1, mask.shape[2]))
        return self.merge(torch.cat(parts, 1)) * mask

    def _to_frames(self, rows: Float[Tensor, "B F 2T"]) -> Float[Tensor, "B F T"]:
        """Convert 50 Hz to 25 Hz."""
        pairs = rows.unflatten(2, (-1, ROWS_PER_FRAME))
        return pairs.mean(3) if self._rows == "linear" else pairs[..., 0]
