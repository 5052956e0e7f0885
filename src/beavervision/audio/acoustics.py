"""Simulated recording conditions: room, microphone, noise and telephone line.

They make clean synthetic speech similar to real recordings: random equalisation, reverberation, noise, band limits and
companding. None of them shifts sound in time, so the motion stays in sync; for a change of speed the motion has to be
resampled together with the sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from scipy.fft import next_fast_len
from scipy.ndimage import gaussian_filter1d
from scipy.signal import ShortTimeFFT, fftconvolve, get_window

from beavervision.audio.level import speech_level_db
from beavervision.audio.waveform import SAMPLE_RATE

NYQUIST = SAMPLE_RATE / 2
LOWEST_HZ = 60.0
"""Frequency below which neither speech nor a microphone has content."""
BREATH_WINDOW, ENVELOPE_BINS, CROSSING_HZ = 512, 5, 500.0
"""32 ms; standard deviation of the smoothing over frequency, 156 Hz (more than any pitch, less than the distance of
formants); and width of the transition from voice to breath, Hz."""
MU = 255
"""Companding of telephone lines (ITU-T G.711)."""


@dataclass(frozen=True)
class Acoustics:
    """Simulated acoustics: room, microphone, line, and breathiness of the voice."""

    voiced_hz: float = NYQUIST
    """Frequency above which the voice is breath: the same spectral envelope, without harmonics."""
    equaliser_db: tuple[float, ...] = ()
    """Gains at frequencies evenly spaced in log frequency from LOWEST_HZ to 8 kHz."""
    reverberation_s: float = 0.0
    """Reverberation time (RT60) of the room; 0 outdoors."""
    direct_db: float = 10.0
    """Direct-to-reverberant ratio."""
    noise_db: float = -np.inf
    """Noise level relative to the loudest tenth of the speech."""
    noise_slope: float = 0.0
    """Slope of the noise spectrum, dB per octave: 0 white, -3 pink, -6 brown."""
    low_hz: float = LOWEST_HZ
    high_hz: float = NYQUIST
    """Upper band limit of the line."""
    companded: bool = False
    """Whether the sound is companded to 8-bit mu-law, as on a telephone."""
    gain_db: float = 0.0
    seed: int = 0
    """Seed of noise and room."""

    def heard(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
        """Apply the acoustics to mono sound at 16 kHz; the result is in sync with the input.

        Example:
            >>> tone = np.sin(np.arange(16000) / 5).astype(np.float32)
            >>> loud = Acoustics(gain_db=6.02).heard(tone)
            >>> round(float(np.abs(loud).max()), 1)
            2.0
        """
        rng = np.random.default_rng(self.seed)
        sound = np.asarray(samples, np.float64)
        if self.voiced_hz < NYQUIST:
            sound = add_breath(sound, self.voiced_hz, rng)
        if self.equaliser_db:
            sound = apply_filter(sound, self._microphone)
        if self.reverberation_s > 0:
            sound = apply_reverb(sound, self.reverberation_s, self.direct_db, rng)
        if np.isfinite(self.noise_db):
            sound = sound + noise_like(sound, self.noise_db, self.noise_slope, rng)
        if self.low_hz > LOWEST_HZ or self.high_hz < NYQUIST:
            sound = apply_filter(sound, self._line)
        if self.companded:
            sound = mu_law(sound)
        return (sound * 10 ** (self.gain_db / 20)).astype(np.float32)

    def _microphone(self, hertz: Float[np.ndarray, "F"]) -> Float[np.ndarray, "F"]:
        points = np.geomspace(LOWEST_HZ, NYQUIST, len(self.equaliser_db))
        decibels = np.interp(np.log(np.maximum(hertz, LOWEST_HZ)), np.log(points), self.equaliser_db)
        return 10 ** (decibels / 20)

    def _line(self, hertz: Float[np.ndarray, "F"]) -> Float[np.ndarray, "F"]:
        # Zero-phase filter of second order on both sides.
        rise = 1 / (1 + (self.low_hz / np.maximum(hertz, 1.0)) ** 4) if self.low_hz > LOWEST_HZ else 1.0
        fall = 1 / (1 + (hertz / self.high_hz) ** 8) if self.high_hz < NYQUIST else 1.0
        return rise * fall * np.ones_like(hertz)


def random_acoustics(rng: np.random.Generator) -> Acoustics:
    """Draw random recording conditions: rooms of 0.15 to 0.8 s, noise from a quiet studio to a busy street.

    Ranges follow Ko et al., "A study on data augmentation of reverberant speech" (2017) and Snyder et al., "MUSAN"
    (2015), without music and babble; a fifth has no room, a quarter a narrow-band line. Human voices have harmonics up
    to about 4 kHz (Stylianou, "Applying the harmonic plus noise model", 2001), synthetic ones over the whole band.
    """
    narrow = rng.random() < 0.25
    return Acoustics(
        voiced_hz=float(np.exp(rng.uniform(np.log(400), np.log(6000)))) if rng.random() < 0.6 else NYQUIST,
        equaliser_db=tuple(np.round(rng.normal(0, 5, 7) + rng.uniform(-4, 4) * np.linspace(-1, 1, 7), 2)),
        reverberation_s=float(rng.uniform(0.15, 0.8) * (rng.random() > 0.2)),
        direct_db=float(rng.uniform(0, 15)),
        noise_db=float(rng.uniform(-55, -8)),
        noise_slope=float(rng.uniform(-6, 1)),
        low_hz=float(rng.uniform(100, 350)) if narrow else LOWEST_HZ,
        high_hz=float(rng.uniform(3300, 6500)) if narrow else NYQUIST,
        companded=bool(narrow and rng.random() < 0.4),
        gain_db=float(rng.uniform(-10, 6)),
        seed=int(rng.integers(1 << 31)),
    )


def add_breath(sound: Float[np.ndarray, "N"], above_hz: float, rng: np.random.Generator) -> Float[np.ndarray, "N"]:
    """Replace the spectrum above a frequency by noise with the same envelope and no harmonics, as in a whisper.

    Args:
        sound: the speech, mono, 16 kHz.
        above_hz: frequency above which breath replaces the voice.
        rng: random generator of the breath.
    """
    window = np.asarray(get_window("hann", BREATH_WINDOW))
    transform = ShortTimeFFT(window, BREATH_WINDOW // 4, SAMPLE_RATE)
    voice = transform.stft(sound)
    breath = transform.stft(rng.standard_normal(len(sound)))
    envelope = np.sqrt(gaussian_filter1d(np.square(np.abs(voice)), ENVELOPE_BINS, axis=0))
    breath *= envelope / np.sqrt(np.square(window).sum())
    share = np.clip((transform.f - above_hz) / CROSSING_HZ + 0.5, 0, 1)[:, None]
    return transform.istft((1 - share) * voice + share * breath, 0, len(sound))


def apply_filter(
    sound: Float[np.ndarray, "N"], gain_at: Callable[[Float[np.ndarray, "F"]], Float[np.ndarray, "F"]]
) -> Float[np.ndarray, "N"]:
    """Apply a zero-phase filter, whose gain is a function of the frequency in Hz."""
    length = cast(int, next_fast_len(len(sound) + SAMPLE_RATE // 10))  # padded: the end must not wrap around
    spectrum = np.fft.rfft(sound, length)
    return np.fft.irfft(spectrum * gain_at(np.fft.rfftfreq(length, 1 / SAMPLE_RATE)), length)[: len(sound)]


def apply_reverb(
    sound: Float[np.ndarray, "N"], seconds: float, direct_db: float, rng: np.random.Generator
) -> Float[np.ndarray, "N"]:
    """Add reverberation: exponentially decaying noise (Polack 1988). The direct sound is not delayed.

    Args:
        sound: the speech, mono, 16 kHz.
        seconds: reverberation time (RT60).
        direct_db: direct-to-reverberant ratio, dB.
        rng: random generator of the room.
    """
    time = np.arange(1, round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    answer = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    answer *= 10 ** (-direct_db / 20) / np.sqrt(np.square(answer).sum())
    return fftconvolve(sound, np.concatenate([[1.0], answer]))[: len(sound)]


def noise_like(
    sound: Float[np.ndarray, "N"], level_db: float, slope: float, rng: np.random.Generator
) -> Float[np.ndarray, "N"]:
    """Generate noise of the same length as a speech.

    Args:
        sound: the speech.
        level_db: noise level relative to the speech's (`audio.level.speech_level_db`), dB; no noise where the speech is
            silent.
        slope: slope of the noise spectrum, dB per octave.
        rng: random generator of the noise.
    """
    level = speech_level_db(sound)
    if not np.isfinite(level):
        return np.zeros_like(sound)
    white = rng.standard_normal(len(sound))
    coloured = apply_filter(white, lambda hertz: np.maximum(hertz, LOWEST_HZ) ** (slope / (20 * np.log10(2))))
    return coloured * 10 ** ((level + level_db) / 20) / np.sqrt(np.square(coloured).mean())


def mu_law(sound: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    """Quantise sound to 8-bit mu-law, with its peak at full scale (ITU-T G.711)."""
    peak = max(np.abs(sound).max(initial=0.0), 1e-9)
    compressed = np.sign(sound) * np.log1p(MU * np.abs(sound) / peak) / np.log1p(MU)
    steps = np.round(compressed * 127) / 127
    return np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU * peak
