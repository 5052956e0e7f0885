"""HuBERT (or a related speech encoder such as wav2vec 2.0) features: more robust to voice and language than mel."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.audio.mel import HOP, n_rows
from beavervision.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

KERNEL = 400
"""Number of samples in the receptive field of one row (STAGES.md section 0)."""
CHUNK_ROWS = 1000
"""Number of rows computed at a time: 20 s."""
OVERLAP_ROWS = 100
"""Rows of context on either side of a chunk, which are discarded (2 s): they hide the borders between chunks."""


class HubertEncoder:
    """Last hidden state of a pretrained speech encoder, at 50 Hz.

    Args:
        checkpoint: a name on the model hub (`facebook/hubert-large-ls960-ft`) or a folder that
            `save_pretrained` wrote; any model of transformers with HuBERT's strides works (wav2vec 2.0, WavLM,
                Data2Vec).
        device: device of the encoder, by default CUDA if available; it runs in half precision on CUDA.
        chunk_rows: rows computed at a time.
        overlap_rows: rows of context on either side of a chunk.

    Raises:
        ConfigError: when the checkpoint cannot be found or loaded, or has other strides.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        device: str | None = None,
        chunk_rows: int = CHUNK_ROWS,
        overlap_rows: int = OVERLAP_ROWS,
    ) -> None:
        from transformers import AutoModel  # Imported here: it takes seconds.

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self._model = AutoModel.from_pretrained(str(checkpoint)).eval().to(device)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"speech encoder {checkpoint} cannot be loaded ({str(error).splitlines()[0]}); download it first, "
                "name a local folder with audio_features.checkpoint=, or use audio_features=mel."
            ) from None
        config = self._model.config
        if int(np.prod(config.conv_stride)) != HOP:
            raise ConfigError(
                f"speech encoder {checkpoint} steps {np.prod(config.conv_stride)} samples, not {HOP}; "
                "name a HuBERT or wav2vec 2.0 checkpoint."
            )
        if device.startswith("cuda"):
            # bfloat16 if the GPU supports it: large activations of the last layers overflow float16.
            self._model.to(torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)
        self._chunk, self._overlap = chunk_rows, overlap_rows
        self._standardise = _wants_unit_variance(str(checkpoint))
        self.width: int = config.hidden_size

    @torch.inference_mode()
    def __call__(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R C"]:
        """Features of mono sound at 16 kHz; R = features.n_rows(N); row i covers samples 320 i to 320 i + 400."""
        rows = n_rows(len(samples))
        sound = samples
        if self._standardise:  # Normalised over the whole sound, not over a chunk.
            sound = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        sound = np.pad(sound, (0, rows * HOP + KERNEL - HOP - len(samples))).astype(np.float32)
        pieces = [
            self._rows(sound, start, min(start + self._chunk, rows), rows) for start in range(0, rows, self._chunk)
        ]
        return np.concatenate(pieces)

    def _rows(self, sound: Float[np.ndarray, "N"], start: int, stop: int, rows: int) -> Float[np.ndarray, "r C"]:
        """Rows start:stop, computed with context on either side."""
        first, last = max(0, start - self._overlap), min(rows, stop + self._overlap)
        piece = torch.from_numpy(sound[first * HOP : last * HOP + KERNEL - HOP])[None]
        hidden: Tensor = self._model(piece.to(self._model.device, self._model.dtype)).last_hidden_state[0]
        return hidden[start - first : stop - first].float().cpu().numpy()


@lru_cache(maxsize=1)
def hubert_encoder(checkpoint: str) -> HubertEncoder:
    """Return the encoder of a checkpoint, which is loaded once: a corpus uses it thousands of times."""
    return HubertEncoder(checkpoint)


def _wants_unit_variance(checkpoint: str) -> bool:
    """Whether the encoder expects sound of zero mean and unit variance, as most do (WavLM base does not)."""
    from transformers import AutoFeatureExtractor

    try:
        return bool(getattr(AutoFeatureExtractor.from_pretrained(checkpoint), "do_normalize", True))
    except (OSError, ValueError):  # A folder that contains only the weights.
        return True
