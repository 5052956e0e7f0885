"""Simulated recording conditions: room, microphone, noise and telephone line.

They bring clean synthetic speech close to real recordings: sound is equalised, reverberated, mixed with noise,
band-limited and companded at random. Nothing here moves sound in time, so that the
motion stays in step; for a change of speed the motion has to be resampled with the sound.
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
"""Below it neither speech nor a microphone has anything to say."""
BREATH_WINDOW, ENVELOPE_BINS, CROSSING_HZ = 512, 5, 500.0
"""32 ms; standard deviation of the smoothing over frequency, 156 Hz: more than any pitch, less than formants are apart;
and how wide the crossing from voice to breath is."""
MU = 255
"""Companding of telephone lines (ITU-T G.711)."""


@dataclass(frozen=True)
class Acoustics:
    """A room, a microphone and a line; and how breathy the voice is."""

    voiced_hz: float = NYQUIST
    """Above it the voice is breath: the same spectrum, without harmonics."""
    equaliser_db: tuple[float, ...] = ()
    """Gain at points spread evenly in log frequency from LOWEST_HZ to 8 kHz."""
    reverberation_s: float = 0.0
    """Time in which the room's answer falls by 60 dB; 0 in the open."""
    direct_db: float = 10.0
    """Direct sound over the room's answer."""
    noise_db: float = -np.inf
    """Level of the noise over the loudest tenth of the speech, dB."""
    noise_slope: float = 0.0
    """Its spectrum, dB an octave: 0 white, -3 pink, -6 brown."""
    low_hz: float = LOWEST_HZ
    high_hz: float = NYQUIST
    """What the line lets through."""
    companded: bool = False
    """8-bit mu-law, as on a telephone."""
    gain_db: float = 0.0
    seed: int = 0
    """Of noise and room."""

    def heard(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
        """The sound as it arrives: mono, 16 kHz, in step with what was said.

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
        # Second order on both sides, without phase.
        rise = 1 / (1 + (self.low_hz / np.maximum(hertz, 1.0)) ** 4) if self.low_hz > LOWEST_HZ else 1.0
        fall = 1 / (1 + (hertz / self.high_hz) ** 8) if self.high_hz < NYQUIST else 1.0
        return rise * fall * np.ones_like(hertz)


def random_acoustics(rng: np.random.Generator) -> Acoustics:
    """Draw a recording such as people make: rooms of 0.15 to 0.8 s, noise from a quiet studio's to a busy street's.

    Ranges after Ko et al., "A study on data augmentation of reverberant speech" (2017) and Snyder et al., "MUSAN"
    (2015), without music and babble; a fifth has no room, a quarter passes a narrow line. Human voices have harmonics
    up to 4 kHz or so (Stylianou, "Applying the harmonic plus noise model", 2001), synthetic ones all the way up.
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
    """Speech whose spectrum above some frequency keeps its envelope and loses its harmonics, as in a whisper.

    Args:
        sound: what is said.
        above_hz: where breath takes over.
        rng: of the breath.
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
    """Sound through a filter without phase, whose gain is a function of the frequency in Hz."""
    length = cast(int, next_fast_len(len(sound) + SAMPLE_RATE // 10))  # its end must not come round to the beginning
    spectrum = np.fft.rfft(sound, length)
    return np.fft.irfft(spectrum * gain_at(np.fft.rfftfreq(length, 1 / SAMPLE_RATE)), length)[: len(sound)]


def apply_reverb(
    sound: Float[np.ndarray, "N"], seconds: float, direct_db: float, rng: np.random.Generator
) -> Float[np.ndarray, "N"]:
    """Sound in a room whose answer is noise that decays exponentially (Polack 1988); the direct sound keeps its time.

    Args:
        sound: what is said.
        seconds: time in which the answer falls by 60 dB.
        direct_db: energy of the direct sound over the answer's.
        rng: of the room.
    """
    time = np.arange(1, round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    answer = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    answer *= 10 ** (-direct_db / 20) / np.sqrt(np.square(answer).sum())
    return fftconvolve(sound, np.concatenate([[1.0], answer]))[: len(sound)]


def noise_like(
    sound: Float[np.ndarray, "N"], level_db: float, slope: float, rng: np.random.Generator
) -> Float[np.ndarray, "N"]:
    """Noise as long as a speech.

    Args:
        sound: the speech.
        level_db: over the speech's level (`audio.level.speech_level_db`), dB; silence gets none.
        slope: of its spectrum, dB an octave.
        rng: of the noise.
    """
    level = speech_level_db(sound)
    if not np.isfinite(level):
        return np.zeros_like(sound)
    white = rng.standard_normal(len(sound))
    coloured = apply_filter(white, lambda hertz: np.maximum(hertz, LOWEST_HZ) ** (slope / (20 * np.log10(2))))
    return coloured * 10 ** ((level + level_db) / 20) / np.sqrt(np.square(coloured).mean())


def mu_law(sound: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    """Sound in 8 bits of mu-law, its peak at full scale (ITU-T G.711)."""
    peak = max(np.abs(sound).max(initial=0.0), 1e-9)
    compressed = np.sign(sound) * np.log1p(MU * np.abs(sound) / peak) / np.log1p(MU)
    steps = np.round(compressed * 127) / 127
    return np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU * peak
