"""Audio augmentation: speed, shift, gain and noise of a training sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import soxr
from jaxtyping import Float

from beavervision.audio.waveform import SAMPLE_RATE

ROOM_DB = (-65.0, -30.0)
"""Range of room noise levels, dB of full scale: from a studio to a street."""


@dataclass(frozen=True)
class AudioAugmentation:
    """Changes to the sound of a sample; speed and shift are applied to its motion as well."""

    speed: float = 1.0
    """Speed factor: above 1 the sound is faster and higher; motion is resampled equally."""
    shift: float = 0.0
    """Position of the first frame in the recording, in frames; fractions are allowed."""
    gain_db: float = 0.0
    noise_db: float = -np.inf
    """Level of white noise relative to the RMS of the speech."""
    seed: int = 0
    """Seed of the noise."""
    noise_only: bool = False
    """Noise without speech; `noise_db` is its level in dB of full scale."""

    def louder(self, gain_db: float) -> AudioAugmentation:
        """Return the same augmentation with the gain raised by `gain_db`."""
        return replace(self, gain_db=self.gain_db + gain_db)

    def apply(self, samples: Float[np.ndarray, "N"], fps: float) -> Float[np.ndarray, "M"]:
        """Apply shift, speed, noise and gain to mono sound at 16 kHz."""
        if self.noise_only:
            return _room(len(samples), self.noise_db, np.random.default_rng(self.seed))
        sound = samples[round(self.shift / fps * SAMPLE_RATE) :]
        if self.speed != 1.0:
            sound = soxr.resample(sound, SAMPLE_RATE * self.speed, SAMPLE_RATE).astype(np.float32)
        if np.isfinite(self.noise_db):
            level = np.sqrt(np.square(sound).mean()) * 10 ** (self.noise_db / 20)
            noise = np.random.default_rng(self.seed).standard_normal(len(sound))
            sound = sound + (level * noise).astype(np.float32)
        return (sound * 10 ** (self.gain_db / 20)).astype(np.float32)


def silence_augmentation(rng: np.random.Generator) -> AudioAugmentation:
    """Draw room noise without speech."""
    return AudioAugmentation(noise_db=float(rng.uniform(*ROOM_DB)), seed=int(rng.integers(1 << 31)), noise_only=True)


def _room(count: int, level_db: float, rng: np.random.Generator) -> Float[np.ndarray, "N"]:
    """Noise whose power falls with frequency, from white (exponent 0) to brown (2), as in rooms."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    falling = np.maximum(np.arange(len(spectrum)), 1.0) ** (-rng.uniform(0, 2) / 2)
    noise = np.fft.irfft(spectrum * falling, count)
    return (noise / np.sqrt(np.square(noise).mean()) * 10 ** (level_db / 20)).astype(np.float32)


@dataclass(frozen=True)
class RandomAugmentation:
    """Number of augmented copies in addition to the clean sample, and the ranges of their changes."""

    augmented_copies: int
    speed: float
    """Largest relative change of speed, in either direction."""
    gain_db: float
    """Largest change of gain, in either direction, dB."""
    noise_db: float
    """Highest noise level relative to the speech; the lowest is 30 dB below."""

    def draw(self, rng: np.random.Generator) -> list[AudioAugmentation]:
        """Draw the augmentations of one sample: none, and `augmented_copies` random ones."""
        return [AudioAugmentation(), *(self._one(rng) for _ in range(self.augmented_copies))]

    def _one(self, rng: np.random.Generator) -> AudioAugmentation:
        return AudioAugmentation(
            speed=float(np.exp(rng.uniform(-1, 1) * np.log1p(self.speed))),
            shift=float(rng.uniform(0, 1)),
            gain_db=float(rng.uniform(-1, 1) * self.gain_db),
            noise_db=float(rng.uniform(self.noise_db - 30, self.noise_db)),
            seed=int(rng.integers(1 << 31)),
        )
