"""Whether sound and picture are in step: how well the sound foretells the mouth, at every lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from beavervision.audio.mel import log_mel
from beavervision.audio.vad import frames_with_speech

WIDEST = 10
"""Frames of lag that are tried either way."""

NATURAL = 1
"""Frames by which sound follows the mouth where it is in step: lips open before they sound. Measured on three real
recordings: 1, 1 and 2."""

IN_STEP = 2
"""Frames of deviation that pass without a word: nobody sees less than 45 ms early or 125 ms late (ITU-R BT.1359)."""

LEAST_FRAMES = 150
"""Frames with a visible mouth from which the answer means something."""

CLEAR = 7.0
"""Correlation from which it is believed, in units of 1 / sqrt(frames), the deviation of unrelated noise. Unrelated
recordings, being smooth and tried at 21 lags, reach 5.7; those that belong together 6 to 15."""
AHEAD = 0.1
"""Lead of the best correlation over those more than NEIGHBOURS frames away; 0.2 to 0.3 where sound and mouth belong
together."""
NEIGHBOURS = 3

TREND = 25
"""Frames over which signals are levelled: slower than syllables (4 to 5 a second) is loudness and posture."""
N_COEFFICIENTS = 8
"""Of the cosine transform of the mel bands: loudness and the rough place of the formants."""
QUIET = -4.0
"""log10 of a mel band below which it is noise."""
FOLDS, RIDGE = 5, 0.02
"""Parts of the clip, each foretold from the others; weight of the prior against the data."""


@dataclass(frozen=True)
class Lag:
    """How the sound lies to the picture."""

    frames: int
    """Positive: the sound is late; 0: in step, as people speak."""
    correlation: float
    """Of the mouth with what the sound foretells of it, at the best lag."""
    certain: bool
    """Whether it is plain enough to speak of."""

    @property
    def remarkable(self) -> bool:
        """Whether sound and picture are certainly out of step."""
        return self.certain and abs(self.frames) > IN_STEP


def sound_lag(mouth_open: Float[np.ndarray, "T"], samples: Float[np.ndarray, "N"], fps: float) -> Lag | None:
    """Lag at which the sound foretells the mouth best; None where there is too little to tell.

    At each lag the opening is regressed (ridge) on the sound's cepstrum in part of the clip and foretold in the rest;
    the correlation of what is foretold with what is seen has a peak where sound and picture belong together.

    Args:
        mouth_open: inner lip distance / outer eye-corner distance; NaN where the mouth is not seen.
        samples: mono sound at 16 kHz, sample 0 at frame 0.
        fps: frames per second.
    """
    known = np.isfinite(mouth_open)
    known[:WIDEST] = known[len(known) - WIDEST :] = False  # the same frames take part at every lag
    rows = np.flatnonzero(known)
    if len(rows) < LEAST_FRAMES:
        return None
    sound, mouth = _sound(samples, len(mouth_open), fps), _levelled(mouth_open[:, None])[rows, 0]
    curve = np.array([_foretold(sound[rows + lag], mouth) for lag in range(-WIDEST, WIDEST + 1)])
    best = int(np.argmax(curve))
    lags = np.arange(len(curve))
    lead = curve[best] - curve[np.abs(lags - best) > NEIGHBOURS].max()
    certain = bool(curve[best] >= CLEAR / np.sqrt(len(rows)) and lead >= AHEAD)
    return Lag(best - WIDEST - NATURAL, float(curve[best]), certain)


def _sound(samples: Float[np.ndarray, "N"], n_frames: int, fps: float) -> Float[np.ndarray, "T C"]:
    """Cepstrum of each frame's sound, levelled."""
    cepstrum = dct(np.maximum(log_mel(samples), QUIET).astype(float), axis=1, norm="ortho")[:, :N_COEFFICIENTS]  # pyright: ignore[reportCallIssue, reportArgumentType]  # SciPy types its dispatcher
    return _levelled(np.stack([frames_with_speech(column, n_frames, fps) for column in cepstrum.T], 1))


def _levelled(values: Float[np.ndarray, "T C"]) -> Float[np.ndarray, "T C"]:
    """The values less their local mean over what is known."""
    known = np.isfinite(values)
    total = uniform_filter1d(np.where(known, values, 0.0), TREND, axis=0, mode="constant")
    share = uniform_filter1d(known.astype(float), TREND, axis=0, mode="constant")
    return values - total / np.maximum(share, 1e-9)


def _foretold(sound: Float[np.ndarray, "n C"], mouth: Float[np.ndarray, "n"]) -> float:
    """Correlation of the mouth with what the sound foretells of it, each part of the clip from the others."""
    sound = (sound - sound.mean(0)) / np.maximum(sound.std(0), 1e-9)
    mouth = mouth - mouth.mean()
    fold = np.arange(len(mouth)) * FOLDS // len(mouth)
    foretold = np.empty(len(mouth))
    prior = RIDGE * len(mouth) * np.eye(sound.shape[1])
    for part in range(FOLDS):
        here, others = fold == part, fold != part
        weights = np.linalg.solve(sound[others].T @ sound[others] + prior, sound[others].T @ mouth[others])
        foretold[here] = sound[here] @ weights
    size = np.linalg.norm(foretold - foretold.mean()) * np.linalg.norm(mouth)
    return float((foretold - foretold.mean()) @ mouth / size) if size > 0 else 0.0
