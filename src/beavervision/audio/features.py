"""Audio features of a speech at 50 Hz: content (log-mel or HuBERT) and pitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import FEATURE_RATE, log_mel
from beavervision.audio.pitch import estimate_f0
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import ConfigError

ROWS_PER_FRAME = 2
"""Rows of audio features that belong to one frame of motion."""


@dataclass(frozen=True)
class AudioFeatures:
    """Features of a speech, two rows a frame."""

    content: Float[np.ndarray, "R C"]
    """log-mel or the hidden state of a speech encoder."""
    pitch: Float[np.ndarray, "R"]
    """Fundamental frequency in Hz, 0 where unvoiced."""

    @property
    def n_frames(self) -> int:
        """Frames of motion that belong to the features."""
        return len(self.pitch) // ROWS_PER_FRAME


@dataclass(frozen=True)
class AudioFeatureExtractor:
    """Extracts the audio features of a speech; its settings are part of every speech bundle (conf/audio_features/)."""

    kind: str = "mel"
    """mel | hubert"""
    checkpoint: str | None = None
    """hubert only: name or folder of the speech encoder."""

    def extract(self, samples: Float[np.ndarray, "N"], fps: float) -> AudioFeatures:
        """Features of mono sound at 16 kHz, two rows for each of the ceil(N / 16000 fps) frames.

        Raises:
            ConfigError: when the kind is unknown or the speech encoder cannot be loaded.
        """
        if self.kind == "mel":
            content = log_mel(samples)
        elif self.kind == "hubert":
            from beavervision.audio.hubert import hubert_encoder

            if self.checkpoint is None:
                raise ConfigError("audio_features=hubert needs audio_features.checkpoint; name one or use mel.")
            content = hubert_encoder(str(self.checkpoint))(samples)
        else:
            raise ConfigError(f"audio_features.kind={self.kind} is unknown; take mel or hubert.")
        frames = n_frames(len(samples), fps)
        return AudioFeatures(interpolate_linear(content, row_positions(frames, fps)), pitch_features(samples, fps))


def pitch_features(samples: Float[np.ndarray, "N"], fps: float) -> Float[np.ndarray, "R"]:
    """Fundamental frequency in Hz, 0 where unvoiced, two rows a frame, of mono sound at 16 kHz."""
    return interpolate_nearest(estimate_f0(samples), row_positions(n_frames(len(samples), fps), fps))


def n_frames(n_samples: int, fps: float) -> int:
    """Frames that cover `n_samples` at 16 kHz."""
    # Rounded first: 640.0000001 samples a frame must not add a frame.
    return int(np.ceil(round(n_samples / SAMPLE_RATE * fps, 6)))


def row_positions(frames: int, fps: float, first: int = 0) -> Float[np.ndarray, "r"]:
    """Where the rows of some frames, two a frame, lie among rows at 50 Hz.

    Args:
        frames: how many.
        fps: frames per second.
        first: the first one.
    """
    rows = np.arange(ROWS_PER_FRAME * first, ROWS_PER_FRAME * (first + frames))
    return rows * (FEATURE_RATE / (ROWS_PER_FRAME * fps))


def interpolate_linear(rows: Float[np.ndarray, "R C"], place: Float[np.ndarray, "r"]) -> Float[np.ndarray, "r C"]:
    """Rows between rows; beyond the last, the last."""
    place = np.clip(place, 0, len(rows) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(rows) - 1)
    share = (place - low).astype(np.float32)[:, None]
    return (1 - share) * rows[low] + share * rows[high]


def interpolate_nearest(rows: Float[np.ndarray, "R"], place: Float[np.ndarray, "r"]) -> Float[np.ndarray, "r"]:
    """The nearest row, which pitch takes: half voiced is no pitch."""
    return rows[np.rint(np.clip(place, 0, len(rows) - 1)).astype(np.int64)]
