"""Streaming inference: motion of a speech while it arrives."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.features import ROWS_PER_FRAME, AudioFeatures
from beavervision.audio.streaming_features import StreamingFeatureExtractor
from beavervision.audio.streaming_level import StreamingLevel
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import BundleError
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import STRIDE

MAX_LOOK_AHEAD_S = 1.0
"""Largest look-ahead for streaming, seconds; networks with a larger one need the whole speech."""
CHUNK_SAMPLES = SAMPLE_RATE
"""Largest number of samples processed at once: with more, the first frames would be dropped before use."""


class MotionStream:
    """Streaming inference of audio2motion, with bounded look-ahead and constant memory.

    Given the speech's level, the motion equals that of `AudioToMotion.predict` for the whole speech; frame t is
    returned when the sound of frame t + look_ahead is complete. Without the level, it is estimated from the speech so
    far.

    Args:
        predictor: predictor whose network has a bounded look-ahead.
        temperature: standard deviation of the latent noise; 0 gives the most probable motion.
        mouth_amp: amplitude of the mouth, as a factor of the person's own.
        eye_amp: amplitude of the eyes, as a factor of the person's own.
        seed: seed of the noise.
        level_db: level of the whole speech (`audio.level.spoken_level_of`) if it is known.
        level: estimate of the level that an earlier stream of the same voice left; None begins a new one.

    Raises:
        BundleError: when the network or the audio features cannot be used with a stream.

    Example:
        stream = MotionStream(AudioToMotion.from_bundle(folder))
        for samples in microphone:  # any number at a time
            show(stream.push(samples))
        show(stream.finish())
    """

    def __init__(
        self,
        predictor: AudioToMotion,
        temperature: float = 0.0,
        mouth_amp: float = 1.0,
        eye_amp: float = 1.0,
        seed: int = 0,
        *,
        level_db: float | None = None,
        level: StreamingLevel | None = None,
    ) -> None:
        self.look_ahead = predictor.network.future
        """Number of future frames of sound that a frame needs."""
        if self.look_ahead > MAX_LOOK_AHEAD_S * predictor.fps:
            raise BundleError(
                f"this audio2motion hears {self.look_ahead} frames ahead, too far for streaming; train it with "
                "model.network.look_ahead=5."
            )
        self._predictor, self._temperature, self._amps = predictor, temperature, (mouth_amp, eye_amp)
        # The window begins with a latent, so that latents are aligned as in the whole speech.
        keep = (
            predictor.network.past + STRIDE + self.look_ahead + round(CHUNK_SAMPLES / SAMPLE_RATE * predictor.fps) + 1
        )
        self._hearing = StreamingFeatureExtractor(predictor.features, predictor.fps, keep)
        self._level = level or StreamingLevel(predictor.speech_level_db, level_db)
        self._rng = np.random.default_rng(seed)
        self._noise = np.zeros((0, predictor.network.latent), np.float32)
        self._latents = 0
        self._done = 0

    def push(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "t E"]:
        """Append samples, 16 kHz mono, any number; return the motion of all frames that are complete."""
        starts = range(0, max(len(samples), 1), CHUNK_SAMPLES)
        return np.concatenate([self._push(samples[i : i + CHUNK_SAMPLES]) for i in starts])

    def finish(self) -> Float[np.ndarray, "t E"]:
        """End the speech; return the motion of the last frames."""
        heard = self._hearing.finish()
        return self._move(heard, heard)

    @property
    def n_heard(self) -> int:
        """Number of frames whose sound is complete."""
        return self._hearing.n_frames

    def listen(self, samples: Float[np.ndarray, "N"]) -> None:
        """Append at most CHUNK_SAMPLES samples, 16 kHz mono, and compute no motion yet; `move_to` does."""
        self._hearing.push(self._level(np.asarray(samples, np.float32)))

    def move_to(self, stop: int) -> Float[np.ndarray, "t E"]:
        """Return the motion of the frames before `stop` that were not returned yet.

        Where less than the look-ahead has been heard after them, the last sound is taken to go on.

        Args:
            stop: at most `n_heard`.
        """
        return self._move(self._hearing.n_frames, stop, max(0, stop + self.look_ahead - self._hearing.n_frames))

    def _push(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "t E"]:
        self.listen(samples)
        return self._move(self._hearing.n_frames, self._hearing.n_frames - self.look_ahead)

    def _move(self, heard: int, stop: int, held: int = 0) -> Float[np.ndarray, "t E"]:
        """Expressions of the new frames before `stop`; after `heard` frames the last one is repeated `held` times."""
        stop = max(self._done, stop)
        if stop == self._done:
            return np.zeros((0, self._predictor.expression_dim), np.float32)
        first = max(0, (self._done - self._predictor.network.past) // STRIDE * STRIDE)
        features = _extended(self._hearing.features(first, heard), held)
        latents = self._drawn(first // STRIDE, -(-(heard + held) // STRIDE))
        motion = self._predictor.window(features, latents, self._amps)[self._done - first : stop - first]
        self._done = stop
        return motion

    def _drawn(self, first: int, stop: int) -> Float[np.ndarray, "L Z"]:
        """Noise of latents first:stop, equal to that of `AudioToMotion.predict`."""
        if self._temperature == 0:
            return np.zeros((stop - first, self._noise.shape[1]), np.float32)
        fresh = self._rng.standard_normal((stop - self._latents - len(self._noise), self._noise.shape[1]))
        self._noise = np.concatenate([self._noise, self._temperature * fresh.astype(np.float32)])
        self._noise, self._latents = self._noise[first - self._latents :], first
        return self._noise


def _extended(features: AudioFeatures, frames: int) -> AudioFeatures:
    """Features that go on with their last row for some frames."""
    rows = frames * ROWS_PER_FRAME
    return AudioFeatures(
        np.concatenate([features.content, np.repeat(features.content[-1:], rows, 0)]),
        np.concatenate([features.pitch, np.repeat(features.pitch[-1:], rows)]),
    )
