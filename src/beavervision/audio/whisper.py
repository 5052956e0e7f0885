"""Whisper features (Radford et al. 2022, arXiv:2212.04356): hidden states of its encoder, at 50 Hz."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from jaxtyping import Float

from beavervision.audio.mel import HOP, n_rows
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import ConfigError

if TYPE_CHECKING:
    from transformers import WhisperFeatureExtractor

MELS_PER_ROW = 2
"""The encoder's second convolution has stride 2."""
OVERLAP_ROWS = 100
"""Rows of context on either side of a chunk, which are discarded (2 s): they hide the borders between chunks."""
FULL_ROWS = 1500
"""Rows of a CTranslate2 encoder's chunk: 30 s."""
RANGE_DB = 80
"""Range below the loudest moment that Whisper's log-mel keeps."""
CTRANSLATE2_WEIGHTS = "model.bin"
REMEDY = "name another folder with audio_features.checkpoint=, or use audio_features=speech."

Encoder = Callable[[Float[np.ndarray, "M F"]], Float[np.ndarray, "R C"]]
"""Hidden states of one chunk of log-mel."""


class WhisperEncoder:
    """Last hidden state of a pretrained Whisper encoder, at 50 Hz.

    Args:
        checkpoint: a Whisper model of any size: a name on the model hub (`openai/whisper-base`), a folder that
            `save_pretrained` wrote, or a folder of CTranslate2 (as faster-whisper has them).
        device: device of the encoder, by default CUDA if available.
        overlap_rows: rows of context on either side of a chunk.

    Raises:
        ConfigError: when the checkpoint cannot be found or loaded, has no encoder, or has other strides.
    """

    def __init__(self, checkpoint: str | Path, device: str | None = None, overlap_rows: int = OVERLAP_ROWS) -> None:
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        load = _load_ctranslate2 if (Path(checkpoint) / CTRANSLATE2_WEIGHTS).is_file() else _load_transformers
        self._encode, self._length, bands, self.width = load(str(checkpoint), device)
        self._log_mel = _log_mel(str(checkpoint), bands)
        self._overlap = min(overlap_rows, (self._length - 1) // 2)

    def __call__(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R C"]:
        """Features of mono sound at 16 kHz; R = features.n_rows(N); row i is centred at sample 320 i.

        The level is that of the whole sound, so that a chunk does not depend on what follows it.
        """
        rows = n_rows(len(samples))
        mel = self._mel(samples, rows)
        step = self._length - 2 * self._overlap
        if rows <= self._length:
            return self._rows(mel, range(rows))
        pieces = [self._rows(mel, range(start, min(start + step, rows))) for start in range(0, rows, step)]
        return np.concatenate(pieces)

    def _mel(self, samples: Float[np.ndarray, "N"], rows: int) -> Float[np.ndarray, "F M"]:
        """Log-mel of the rows and of a little silence after them, as in training."""
        silence = rows * HOP + self._log_mel.n_fft - len(samples)
        heard = np.pad(np.asarray(samples, np.float32), (0, silence))
        return self._log_mel(
            heard, sampling_rate=SAMPLE_RATE, padding="longest", truncation=False, return_tensors="np"
        ).input_features[0]

    def _rows(self, mel: Float[np.ndarray, "F M"], rows: range) -> Float[np.ndarray, "r C"]:
        """Hidden states of some rows, computed with context on either side."""
        first = max(0, rows.start - self._overlap)
        part = mel[:, MELS_PER_ROW * first : MELS_PER_ROW * (first + self._length)]
        # The value of digital silence next to this sound: (log10(power) + 4) / 4, clipped 8 below the largest.
        silence = max((np.log10(1e-10) + 4) / 4, float(mel.max()) - RANGE_DB / 10 / 4)
        missing = MELS_PER_ROW * self._length - part.shape[1]
        padded = np.pad(part, ((0, 0), (0, missing)), constant_values=silence)
        return self._encode(padded.astype(np.float32))[rows.start - first : rows.stop - first]


@lru_cache(maxsize=1)
def whisper_encoder(checkpoint: str) -> WhisperEncoder:
    """Return the encoder of a checkpoint, which is loaded once: a corpus uses it thousands of times."""
    return WhisperEncoder(checkpoint)


def _load_transformers(checkpoint: str, device: str) -> tuple[Encoder, int, int, int]:
    """Encoder, rows of a chunk, mel bands and width of a model in transformers' format."""
    from transformers import AutoConfig, WhisperModel  # Imported here: it takes seconds.

    try:
        kind = AutoConfig.from_pretrained(checkpoint).model_type
        if kind != "whisper":
            raise ConfigError(f"speech encoder {checkpoint} is a {kind} model, not Whisper; {REMEDY}")
        found = WhisperModel.from_pretrained(checkpoint, output_loading_info=True)
        model, report = cast("tuple[Any, dict[str, Any]]", found)
    except (OSError, ValueError, RuntimeError) as error:
        raise _not_loaded(checkpoint, error) from None
    if missing := [name for name in report["missing_keys"] if name.startswith("encoder.")]:
        raise ConfigError(f"speech encoder {checkpoint} lacks the encoder's weights ({missing[0]}, ...); {REMEDY}")
    encoder = model.encoder.eval().to(device)
    if device.startswith("cuda"):
        encoder.to(torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)
    dtype = next(encoder.parameters()).dtype

    @torch.inference_mode()
    def encode(mel: Float[np.ndarray, "F M"]) -> Float[np.ndarray, "R C"]:
        return encoder(torch.from_numpy(mel)[None].to(device, dtype)).last_hidden_state[0].float().cpu().numpy()

    config = encoder.config
    return encode, config.max_source_positions, config.num_mel_bins, config.d_model


def _load_ctranslate2(checkpoint: str, device: str) -> tuple[Encoder, int, int, int]:
    """Encoder, rows of a chunk, mel bands and width of a model in CTranslate2's format."""
    try:
        import ctranslate2  # pyright: ignore[reportMissingImports]  # an optional extra
    except ImportError:
        raise ConfigError(
            f"{checkpoint} is a CTranslate2 model, and ctranslate2 is not installed; pip install "
            "'beavervision[whisper]', or name a folder in transformers' format with audio_features.checkpoint=."
        ) from None
    kind, threads = "auto" if device.startswith("cuda") else "float32", torch.get_num_threads()
    try:
        model = ctranslate2.models.Whisper(
            checkpoint, device=device.split(":")[0], compute_type=kind, intra_threads=threads
        )
    except (RuntimeError, ValueError) as error:
        raise _not_loaded(checkpoint, error) from None

    def encode(mel: Float[np.ndarray, "F M"]) -> Float[np.ndarray, "R C"]:
        states = model.encode(ctranslate2.StorageView.from_array(mel[None].copy()), to_cpu=True)
        return np.array(states.to(ctranslate2.DataType.float32))[0]

    # Its folder does not tell the width.
    width = encode(np.zeros((model.n_mels, MELS_PER_ROW * FULL_ROWS), np.float32)).shape[1]
    return encode, FULL_ROWS, model.n_mels, width


def _log_mel(checkpoint: str, bands: int) -> WhisperFeatureExtractor:
    """Whisper's log-mel with the settings of the folder, if it has any."""
    from transformers import WhisperFeatureExtractor

    try:
        extractor: Any = WhisperFeatureExtractor.from_pretrained(checkpoint)
    except (OSError, ValueError):  # A folder that contains only the weights.
        extractor = WhisperFeatureExtractor(feature_size=bands)
    if (extractor.hop_length * MELS_PER_ROW, extractor.sampling_rate) != (HOP, SAMPLE_RATE):
        raise ConfigError(
            f"speech encoder {checkpoint} steps {MELS_PER_ROW * extractor.hop_length} samples at "
            f"{extractor.sampling_rate} Hz, not {HOP} at {SAMPLE_RATE} Hz; {REMEDY}"
        )
    if extractor.feature_size != bands:
        raise ConfigError(
            f"speech encoder {checkpoint} has {bands} mel bands, its preprocessor_config.json "
            f"{extractor.feature_size}; restore that file from where the model came."
        )
    return extractor


def _not_loaded(checkpoint: str, error: Exception) -> ConfigError:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return ConfigError(f"speech encoder {checkpoint} cannot be loaded ({line}); download it first, {REMEDY}")
