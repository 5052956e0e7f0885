"""Takes: a clip's speech beside its motion, frame by frame, as it is and with the sound disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from jaxtyping import Bool, Float, Int

from beavervision.artifacts.clip import Clip
from beavervision.audio.hearing import FeatureSettings
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import BeaverError
from beavervision.stages.recordings import known_frames

BLINK_SHARE, BLINK_PERCENTILE = 0.85, 75
"""An eye is blinking below this share of the 75th percentile of its opening (STAGES.md section 2)."""
MIN_FRAMES = 25
"""A stage of speech needs one second of a visible speaker at the least."""


@dataclass(frozen=True)
class Take:
    """Speech and motion over T frames; rows of frames without truth are zero and marked."""

    content: Float[np.ndarray, "R C"]
    pitch: Float[np.ndarray, "R"]
    """Hz, 0 where unvoiced; two rows a frame."""
    expression: Float[np.ndarray, "T E"]
    valid: Bool[np.ndarray, "T"]
    """The face was seen, so that `expression` is known."""
    blink: Int[np.ndarray, "T"]

    @property
    def n_frames(self) -> int:
        """Frames, with and without truth."""
        return len(self.valid)


@dataclass(frozen=True)
class Disturbance:
    """How the sound of a take differs from the clip's; its motion follows in time."""

    speed: float = 1.0
    """Faster (> 1) and so higher-voiced, or slower; motion is resampled alike."""
    shift: float = 0.0
    """Where the first frame lies in the clip, in frames: positions between the camera's frames."""
    gain_db: float = 0.0
    noise_db: float = -np.inf
    """White noise, relative to the speech's RMS."""
    seed: int = 0
    """Of the noise."""


def blinks(eye_open: Float[np.ndarray, "T 2"]) -> Int[np.ndarray, "T"]:
    """1 at the middle of every run of frames in which the eyes are closing or closed, else 0."""
    aperture = eye_open.mean(axis=1)
    usual = np.nanpercentile(aperture, BLINK_PERCENTILE) if np.isfinite(aperture).any() else 0.0
    shut = np.nan_to_num(aperture, nan=np.inf) < BLINK_SHARE * usual
    edges = np.diff(np.concatenate([[0], shut.astype(np.int64), [0]]))
    middles = (np.flatnonzero(edges == 1) + np.flatnonzero(edges == -1) - 1) // 2
    marks = np.zeros(len(shut), np.int64)
    marks[middles] = 1
    return marks


def record(
    clip: Clip, frames: range, features: FeatureSettings, subject: int = 0, how: Disturbance | None = None
) -> Take:
    """Take of the clip's `frames`; nothing outside them is looked at.

    Args:
        clip: where sound and motion come from.
        frames: contiguous frames of the clip.
        features: what is heard.
        subject: which person.
        how: disturbance of the sound; none by default.
    """
    how = how or Disturbance()
    person, span = clip.subjects[subject], slice(frames.start, frames.stop)
    known = known_frames(person)[span]
    samples = sound_of(clip, frames)
    heard = features.extract(_disturbed(samples, how, clip.fps), clip.fps)
    place = how.shift + how.speed * np.arange(heard.n_frames)
    place = place[place <= len(frames) - 1]
    expression, valid = _at(np.where(known[:, None], person.expression[span], 0.0), known, place)
    marks = blinks(person.eye_open[span])[np.rint(place).astype(np.int64)]
    rows = 2 * len(place)
    return Take(heard.content[:rows], heard.pitch[:rows], expression, valid, marks)


def sound_of(clip: Clip, frames: range) -> Float[np.ndarray, "N"]:
    """The clip's sound during `frames`, padded with silence where it ends early."""
    start, stop = (round(i / clip.fps * SAMPLE_RATE) for i in (frames.start, frames.stop))
    samples = clip.audio()[start:stop]
    return np.pad(samples, (0, stop - start - len(samples)))


def require_motion(take: Take, clip: Clip) -> None:
    """Refuse a take of `clip` that shows too little of the face to learn from.

    Raises:
        BeaverError: when fewer than MIN_FRAMES of its frames are known.
    """
    if (found := int(take.valid.sum())) < MIN_FRAMES:
        raise BeaverError(
            f"clip {clip.name} shows the face clearly in {found} of its {take.n_frames} frames to train on; at least "
            f"{MIN_FRAMES} are needed, so give longer footage."
        )


def random_disturbance(rng: np.random.Generator, speed: float, gain_db: float, noise_db: float) -> Disturbance:
    """Draw a disturbance: speed within +-`speed`, gain within +-`gain_db`, noise up to `noise_db` below speech."""
    return Disturbance(
        speed=float(np.exp(rng.uniform(-1, 1) * np.log1p(speed))),
        shift=float(rng.uniform(0, 1)),
        gain_db=float(rng.uniform(-1, 1) * gain_db),
        noise_db=float(rng.uniform(noise_db - 30, noise_db)),
        seed=int(rng.integers(1 << 31)),
    )


def _disturbed(samples: Float[np.ndarray, "N"], how: Disturbance, fps: float) -> Float[np.ndarray, "M"]:
    """Apply shift, speed, noise and gain to the sound."""
    sound = samples[round(how.shift / fps * SAMPLE_RATE) :]
    if how.speed != 1.0:
        sound = soxr.resample(sound, SAMPLE_RATE * how.speed, SAMPLE_RATE).astype(np.float32)
    if np.isfinite(how.noise_db):
        level = np.sqrt(np.square(sound).mean()) * 10 ** (how.noise_db / 20)
        noise = np.random.default_rng(how.seed).standard_normal(len(sound))
        sound = sound + (level * noise).astype(np.float32)
    return (sound * 10 ** (how.gain_db / 20)).astype(np.float32)


def _at(
    values: Float[np.ndarray, "T E"], known: Bool[np.ndarray, "T"], place: Float[np.ndarray, "M"]
) -> tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M"]]:
    """Values at fractional frames; known where both neighbours are.

    Cubic (Catmull-Rom): linear interpolation would flatten a lip closure of one frame by half.
    """
    last = len(values) - 1
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last)
    before, after = np.maximum(low - 1, 0), np.minimum(high + 1, last)
    before, after = np.where(known[before], before, low), np.where(known[after], after, high)
    u = (place - low)[:, None]
    p, q, r, s = values[before], values[low], values[high], values[after]
    curve = q + 0.5 * u * (r - p + u * (2 * p - 5 * q + 4 * r - s + u * (3 * (q - r) + s - p)))
    valid = known[low] & (known[high] | (u[:, 0] == 0))
    return np.where(valid[:, None], curve, 0.0).astype(np.float32), valid
