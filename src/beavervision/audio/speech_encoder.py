"""Speech encoder: a small causal network that turns log-mel rows into phonetic features, without a download.

It is distilled from the encoder of Whisper (Radford et al. 2022, arXiv:2212.04356) and also learns to name phonemes.
Its weights are part of the package; docs/models/speech_encoder.md is the model card. A row needs little future sound,
and the features of a stream equal those of the whole sound.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, pad

from beavervision.audio.mel import N_MELS, log_mel
from beavervision.audio.phonemes import CLASSES

WEIGHTS = Path(__file__).parent / "data" / "speech_encoder.safetensors"
WIDTH = 128
"""Channels of the features."""
LOOK_AHEAD_ROWS = 6
"""Rows of future sound that a row depends on: 120 ms."""
DILATIONS = (1, 1, 2, 2, 4, 4, 8, 8)
KERNEL = 7
CHUNK_ROWS = 3000
"""Rows computed at a time: 60 s."""
SILENCE = -6.0
"""Log-mel of digital silence (`mel.FLOOR`)."""
MEL_MEAN, MEL_STD = -2.5, 1.5
"""Constants that bring log-mel values to about zero mean and unit variance."""


class Block(nn.Module):
    """Causal residual block: depthwise convolution, layer norm, two linear layers (ConvNeXt, Liu et al. 2022)."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.past = (KERNEL - 1) * dilation
        self.mix = nn.Conv1d(channels, channels, KERNEL, dilation=dilation, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, 2 * channels)
        self.narrow = nn.Linear(2 * channels, channels)

    def forward(self, x: Float[Tensor, "B R C"]) -> Float[Tensor, "B R C"]:
        """Add the block's output to its input."""
        mixed = self.mix(pad(x.mT, (self.past, 0))).mT
        return x + self.narrow(gelu(self.widen(self.norm(mixed))))


class SpeechEncoder(nn.Module):
    """Log-mel rows to phonetic features of the same rate.

    Row i depends on log-mel rows up to i + LOOK_AHEAD_ROWS, beyond the end on rows of silence.

    Args:
        channels: channels of the blocks.
        width: channels of the features.
    """

    def __init__(self, channels: int = 256, width: int = WIDTH) -> None:
        super().__init__()
        self.enter = nn.Conv1d(N_MELS, channels, 3)
        self.blocks = nn.ModuleList(Block(channels, dilation) for dilation in DILATIONS)
        self.leave = nn.Linear(channels, width)
        self.to_phonemes = nn.Linear(width, len(CLASSES))

    @property
    def past(self) -> int:
        """Number of past rows in the receptive field."""
        return 2 + (KERNEL - 1) * sum(DILATIONS)

    def forward(self, mel: Float[Tensor, "B R 80"]) -> Float[Tensor, "B R W"]:
        """Features of the rows that `mel` covers, without look-ahead padding: R rows, shifted by LOOK_AHEAD_ROWS."""
        x = self.enter(pad(((mel - MEL_MEAN) / MEL_STD).mT, (2, 0))).mT
        for block in self.blocks:
            x = block(x)
        x = self.leave(x)
        return layer_norm(x, x.shape[-1:])

    def encode(self, mel: Float[Tensor, "B R 80"]) -> Float[Tensor, "B R W"]:
        """Features of whole sounds; silence follows them."""
        silence = mel.new_full((len(mel), LOOK_AHEAD_ROWS, N_MELS), SILENCE)
        return self(torch.cat([mel, silence], 1))[:, LOOK_AHEAD_ROWS:]


@lru_cache(maxsize=1)
def speech_encoder() -> SpeechEncoder:
    """Return the encoder of the package, which is loaded once."""
    network = SpeechEncoder()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(WEIGHTS).items()})
    return network.eval().requires_grad_(requires_grad=False)


class StreamingSpeechEncoder:
    """Encodes log-mel rows that arrive one after the other; memory is constant.

    The features equal those of the whole sound, LOOK_AHEAD_ROWS later.
    """

    width = WIDTH

    def __init__(self) -> None:
        self._network = speech_encoder()
        self._past = np.zeros((0, N_MELS), np.float32)
        self._skip = LOOK_AHEAD_ROWS

    @torch.inference_mode()
    def push(self, mel: Float[np.ndarray, "R 80"]) -> Float[np.ndarray, "r 128"]:
        """Append log-mel rows; return the features of all rows whose future is known."""
        if not len(mel):
            return np.zeros((0, WIDTH), np.float32)
        rows = np.concatenate([self._past, mel])
        features = self._network(torch.from_numpy(rows)[None])[0, len(self._past) :].numpy()
        self._past = rows[-self._network.past :]
        skipped, self._skip = self._skip, max(0, self._skip - len(mel))
        return features[skipped:]

    def finish(self) -> Float[np.ndarray, "r 128"]:
        """End the sound with silence; return the features of the last rows."""
        return self.push(np.full((LOOK_AHEAD_ROWS, N_MELS), SILENCE, np.float32))


def speech_features(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R 128"]:
    """Phonetic features of mono sound at 16 kHz; R = mel.n_rows(N), row i is centred at sample 320 i."""
    stream, mel = StreamingSpeechEncoder(), log_mel(samples)
    pieces = [stream.push(mel[first : first + CHUNK_ROWS]) for first in range(0, len(mel), CHUNK_ROWS)]
    return np.concatenate([*pieces, stream.finish()])
