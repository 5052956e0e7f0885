"""Lag of a sound behind the mouth: the lag at which the sound predicts the mouth's opening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.fft import dct
from scipy.ndimage import uniform_filter1d

from beavervision.audio.mel import log_mel
from beavervision.audio.vad import frames_with_speech

WIDEST = 10
"""Largest lag tested in either direction, frames."""

NATURAL = 1
"""Natural delay of sound after the mouth in synchronous footage, frames: lips open before they sound. Measured on three
recordings: 1, 1 and 2."""

IN_STEP = 2
"""Deviation without a remark, frames: nobody notices less than 45 ms early or 125 ms late (ITU-R BT.1359)."""

LEAST_FRAMES = 150
"""Smallest number of frames with a visible mouth."""

CLEAR = 7.0
"""Smallest significant correlation in units of 1 / sqrt(frames), the standard deviation for unrelated noise. Unrelated
recordings, which are smooth and tested at 21 lags, reach 5.7; those that belong together 6 to 15."""
AHEAD = 0.1
"""Lead of the best correlation over those more than NEIGHBOURS frames away; 0.2 to 0.3 where sound and mouth belong
together."""
NEIGHBOURS = 3

TREND = 25
"""Frames of the high-pass filter: what is slower than syllables (4 to 5 per second) is loudness and posture."""
N_COEFFICIENTS = 8
"""Number of coefficients of the cosine transform of the mel bands: loudness and the approximate formants."""
QUIET = -4.0
"""log10 of a mel band below which it is noise."""
FOLDS, RIDGE = 5, 0.02
"""Parts of the clip for cross-validation; weight of the ridge penalty."""


@dataclass(frozen=True)
class Lag:
    """Offset of the sound relative to the video."""

    frames: int
    """Offset in frames; positive: the sound is late; 0: synchronous, as in natural speech."""
    correlation: float
    """Correlation of the mouth opening with its prediction from the sound, at the best lag."""
    certain: bool
    """Whether the result is significant."""

    @property
    def remarkable(self) -> bool:
        """Whether sound and video are significantly out of sync."""
        return self.certain and abs(self.frames) > IN_STEP


def sound_lag(mouth_open: Float[np.ndarray, "T"], samples: Float[np.ndarray, "N"], fps: float) -> Lag | None:
    """Lag at which the sound predicts the mouth best; None where there is too little data.

    At each lag the opening is regressed (ridge) on the sound's cepstrum in part of the clip and predicted in the rest.
    The correlation of prediction and observation has a peak at the true lag.

    Args:
        mouth_open: inner lip distance / outer eye-corner distance; NaN where the mouth is not visible.
        samples: mono sound at 16 kHz, sample 0 at frame 0.
        fps: frames per second.
    """
    known = np.isfinite(mouth_open)
    known[:WIDEST] = known[len(known) - WIDEST :] = False  # the same frames are used at every lag
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
    """Cepstrum of each frame's sound, high-pass filtered."""
    cepstrum = dct(np.maximum(log_mel(samples), QUIET).astype(float), axis=1, norm="ortho")[:, :N_COEFFICIENTS]  # pyright: ignore[reportCallIssue, reportArgumentType]  # SciPy types its dispatcher
    return _levelled(np.stack([frames_with_speech(column, n_frames, fps) for column in cepstrum.T], 1))


def _levelled(values: Float[np.ndarray, "T C"]) -> Float[np.ndarray, "T C"]:
    """Subtract the local mean over known values."""
    known = np.isfinite(values)
    total = uniform_filter1d(np.where(known, values, 0.0), TREND, axis=0, mode="constant")
    share = uniform_filter1d(known.astype(float), TREND, axis=0, mode="constant")
    return values - total / np.maximum(share, 1e-9)


def _foretold(sound: Float[np.ndarray, "n C"], mouth: Float[np.ndarray, "n"]) -> float:
    """Correlation of the mouth with its prediction from the sound, cross-validated over the parts of the clip."""
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
