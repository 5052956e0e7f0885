"""Audio features of a stream, row by row equal to those of the whole sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from beavervision.audio.features import (
    ROWS_PER_FRAME,
    AudioFeatureExtractor,
    AudioFeatures,
    interpolate_linear,
    interpolate_nearest,
    n_frames,
    row_positions,
)
from beavervision.audio.mel import FEATURE_RATE, HOP, N_FFT, N_MELS, log_mel_of, n_rows
from beavervision.audio.pitch import WINDOW, PitchPath, candidates
from beavervision.errors import ConfigError

if TYPE_CHECKING:
    from beavervision.audio.speech_encoder import StreamingSpeechEncoder

_HALF = max(N_FFT, WINDOW) // 2
"""Samples on either side of a row's centre: 19 ms, less than what remains of a frame at 25 fps after its second row."""

PITCH_AHEAD = 6
"""Rows by which the pitch may be ahead of the content (`speech_encoder.LOOK_AHEAD_ROWS`)."""


class StreamingFeatureExtractor:
    """Extracts audio features from sound that arrives in blocks; memory does not grow with the stream.

    Log-mel rows and phonetic features equal those of the whole sound; the latter need LOOK_AHEAD_ROWS of future sound.
    The pitch of the last rows may still change with later sound, and a row
    counts as loud or quiet relative to the loudest sample so far.

    Args:
        features: the feature extractor; phonetic features or log-mel.
        fps: frames of motion per second.
        keep: number of frames to keep.

    Raises:
        ConfigError: when the features need the whole sound.
    """

    def __init__(self, features: AudioFeatureExtractor, fps: float, keep: int) -> None:
        if features.kind not in ("mel", "speech"):
            raise ConfigError(
                f"audio_features={features.kind} hears a sentence as a whole; streaming needs audio_features=speech."
            )
        self._encoder = _speech_encoder() if features.kind == "speech" else None
        self._fps = fps
        self._keep = int(np.ceil(row_positions(1, fps, keep + 2)[-1])) + 1 + PITCH_AHEAD
        self._sound = np.zeros(_HALF, np.float32)  # Starts _HALF samples before the next row's centre.
        self._content = np.zeros((0, N_MELS if self._encoder is None else self._encoder.width), np.float32)
        self._path, self._peak = PitchPath(self._keep), 0.0
        self._count = self._rows = self._encoded = 0
        self._whole: int | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames for which both rows are available."""
        if self._whole is not None:
            return self._whole
        # Frame t is available when the row at or after its second row's position is.
        possible = int(self._encoded * self._fps / FEATURE_RATE) + 2
        places = np.ceil(np.round(row_positions(possible, self._fps)[1::ROWS_PER_FRAME], 6))
        return int((places <= self._encoded - 1).sum())

    def push(self, samples: Float[np.ndarray, "N"]) -> None:
        """Append samples, 16 kHz mono."""
        self._count += len(samples)
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        self._sound = np.concatenate([self._sound, np.asarray(samples, np.float32)])
        self._hear((len(self._sound) - 2 * _HALF) // HOP + 1)

    def finish(self) -> int:
        """End the stream with silence; return the number of frames of the whole sound."""
        missing = n_rows(self._count) - self._rows
        self._sound = np.pad(self._sound, (0, 2 * _HALF + HOP * max(0, missing)))
        self._hear(missing)
        if self._encoder is not None:
            self._append(self._encoder.finish())
        self._whole = n_frames(self._count, self._fps)
        return self._whole

    def features(self, first: int, stop: int) -> AudioFeatures:
        """Return the features of frames first:stop, which must be among the kept ones."""
        content = self._content
        place = row_positions(stop - first, self._fps, first)
        pitch = self._path.hertz()
        return AudioFeatures(
            interpolate_linear(content, place - (self._encoded - len(content))),
            interpolate_nearest(pitch, place - (self._rows - len(pitch))),
        )

    def _hear(self, rows: int) -> None:
        """Compute that many more rows."""
        if rows <= 0:
            return
        around = np.lib.stride_tricks.sliding_window_view(self._sound, 2 * _HALF)[::HOP][:rows]
        mel, tone = (around[:, _HALF - size // 2 : _HALF + size // 2] for size in (N_FFT, WINDOW))
        content = log_mel_of(mel)
        self._append(content if self._encoder is None else self._encoder.push(content))
        self._path.extend(*candidates(tone, max(self._peak, float(np.finfo(np.float32).tiny))))
        self._sound = self._sound[rows * HOP :]
        self._rows += rows

    def _append(self, content: Float[np.ndarray, "R C"]) -> None:
        """Keep the newest rows of the content."""
        kept = np.concatenate([self._content, content])
        self._content, self._encoded = kept[-self._keep :], self._encoded + len(content)


def _speech_encoder() -> StreamingSpeechEncoder:
    from beavervision.audio.speech_encoder import StreamingSpeechEncoder  # Imported here: it loads torch.

    return StreamingSpeechEncoder()
