"""Audio features of a speech at 50 Hz: content (phonetic features, log-mel, HuBERT or Whisper) and pitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import FEATURE_RATE, log_mel
from beavervision.audio.pitch import estimate_f0
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import ConfigError

ROWS_PER_FRAME = 2
"""Number of audio feature rows per frame of motion."""


@dataclass(frozen=True)
class AudioFeatures:
    """Audio features of a speech, two rows per frame of motion."""

    content: Float[np.ndarray, "R C"]
    """log-mel or the hidden state of a speech encoder."""
    pitch: Float[np.ndarray, "R"]
    """Fundamental frequency in Hz, 0 where unvoiced."""

    @property
    def n_frames(self) -> int:
        """Number of motion frames that the features cover."""
        return len(self.pitch) // ROWS_PER_FRAME


@dataclass(frozen=True)
class AudioFeatureExtractor:
    """Extracts the audio features of a speech; its settings are part of every speech bundle (conf/audio_features/)."""

    kind: str = "mel"
    """speech | mel | hubert | whisper"""
    checkpoint: str | None = None
    """Name or folder of the speech encoder; hubert and whisper only."""

    @property
    def has_floor(self) -> bool:
        """Whether quieter sound has smaller features, so that digital silence is below every room noise."""
        return self.kind == "mel"

    def extract(self, samples: Float[np.ndarray, "N"], fps: float) -> AudioFeatures:
        """Extract features of mono sound at 16 kHz, two rows for each of the ceil(N / 16000 fps) frames.

        Raises:
            ConfigError: when the kind is unknown or the speech encoder cannot be loaded.
        """
        if self.kind == "mel":
            content = log_mel(samples)
        elif self.kind == "speech":
            from beavervision.audio.speech_encoder import speech_features  # Imported here: it loads torch.

            content = speech_features(samples)
        elif self.kind == "hubert":
            from beavervision.audio.hubert import hubert_encoder

            content = hubert_encoder(self._named_checkpoint())(samples)
        elif self.kind == "whisper":
            from beavervision.audio.whisper import whisper_encoder

            content = whisper_encoder(self._named_checkpoint())(samples)
        else:
            raise ConfigError(f"audio_features.kind={self.kind} is unknown; take speech, mel, hubert or whisper.")
        frames = n_frames(len(samples), fps)
        return AudioFeatures(interpolate_linear(content, row_positions(frames, fps)), pitch_features(samples, fps))

    def _named_checkpoint(self) -> str:
        if self.checkpoint is None:
            raise ConfigError(f"audio_features={self.kind} needs audio_features.checkpoint; name one or use speech.")
        return str(self.checkpoint)


def pitch_features(samples: Float[np.ndarray, "N"], fps: float) -> Float[np.ndarray, "R"]:
    """Fundamental frequency of mono sound at 16 kHz, in Hz, 0 where unvoiced, two rows per frame."""
    return interpolate_nearest(estimate_f0(samples), row_positions(n_frames(len(samples), fps), fps))


def n_frames(n_samples: int, fps: float) -> int:
    """Number of frames that cover `n_samples` at 16 kHz."""
    # Rounded first: 640.0000001 samples per frame must not add a frame.
    return int(np.ceil(round(n_samples / SAMPLE_RATE * fps, 6)))


def row_positions(frames: int, fps: float, first: int = 0) -> Float[np.ndarray, "r"]:
    """Positions of the rows of some frames (two per frame) among the rows at 50 Hz.

    Args:
        frames: number of frames.
        fps: frames per second.
        first: index of the first frame.
    """
    rows = np.arange(ROWS_PER_FRAME * first, ROWS_PER_FRAME * (first + frames))
    return rows * (FEATURE_RATE / (ROWS_PER_FRAME * fps))


def interpolate_linear(rows: Float[np.ndarray, "R C"], place: Float[np.ndarray, "r"]) -> Float[np.ndarray, "r C"]:
    """Interpolate rows linearly; positions beyond the last row take the last row."""
    place = np.clip(place, 0, len(rows) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(rows) - 1)
    share = (place - low).astype(np.float32)[:, None]
    return (1 - share) * rows[low] + share * rows[high]


def interpolate_nearest(rows: Float[np.ndarray, "R"], place: Float[np.ndarray, "r"]) -> Float[np.ndarray, "r"]:
    """Take the nearest row; for pitch, because the mean of voiced and unvoiced is not a pitch."""
    return rows[np.rint(np.clip(place, 0, len(rows) - 1)).astype(np.int64)]
