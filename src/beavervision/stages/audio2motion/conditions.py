"""The condition: what is heard, and how lively the face shall be, as one vector a frame."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate

from beavervision.stages.audio2motion.wavenet import MaskedBatchNorm

PITCH_BINS = 300
"""Rows of the pitch table (GeneFace++ keeps 300 for 256 bins)."""


class RowEncoder(nn.Module):
    """Conv - batch norm - GELU - conv over the rows of an audio feature."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, hidden, 3, padding=1)
        self.norm = MaskedBatchNorm(hidden)
        self.second = nn.Conv1d(hidden, hidden, 3, padding=1)

    def forward(self, x: Float[Tensor, "B C R"], mask: Bool[Tensor, "B 1 R"]) -> Float[Tensor, "B F R"]:
        """Encode; zero where `mask` is."""
        return self.second(gelu(self.norm(self.first(x * mask), mask)) * mask) * mask


class ConditionEncoder(nn.Module):
    """Sound, pitch, blink and amplitudes to the condition g (STAGES.md section 2).

    Args:
        content: channels of the audio feature.
        hidden: F, channels of its encoder.
        condition: G, channels of the result.
        branch: channels of the pitch, blink and amplitude branches.
        pitch: whether the pitch is heard.
        dropout: share of the sound's channels dropped in training.
    """

    def __init__(self, content: int, hidden: int, condition: int, branch: int, dropout: float, *, pitch: bool) -> None:
        super().__init__()
        self.content = RowEncoder(content, hidden)
        self.pitch_table = nn.Embedding(PITCH_BINS, branch) if pitch else None
        self.pitch = RowEncoder(branch, branch) if pitch else None
        self.blink = nn.Embedding(2, branch)
        self.mouth_amp = nn.Parameter(torch.randn(branch) * branch**-0.5)
        self.eye_amp = nn.Parameter(torch.randn(branch) * branch**-0.5)
        self.dropout = nn.Dropout1d(dropout)
        self.merge = nn.Conv1d(hidden + branch * (4 if pitch else 3), condition, 1)

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
        mask, rows = inside[:, None], inside.repeat_interleave(2, 1)[:, None]
        parts = [self.dropout(_to_frames(self.content(content.mT, rows)))]
        if self.pitch_table is not None:
            parts.append(_to_frames(self.pitch(self.pitch_table(pitch).mT, rows)))
        parts.append(self.blink(blink).mT)
        for amp, vector in ((mouth_amp, self.mouth_amp), (eye_amp, self.eye_amp)):
            parts.append((amp[:, None] * vector)[..., None].expand(-1, -1, mask.shape[2]))
        return self.merge(torch.cat(parts, 1)) * mask


def _to_frames(rows: Float[Tensor, "B F 2T"]) -> Float[Tensor, "B F T"]:
    """50 Hz to 25 Hz: linear interpolation, which is here the mean of a frame's two rows."""
    return interpolate(rows, scale_factor=0.5, mode="linear", align_corners=False)
