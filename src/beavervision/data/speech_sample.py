"""Speech samples: audio features and motion of a recording, frame by frame, with or without augmentation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.artifacts.clip import Clip
from beavervision.audio.features import ROWS_PER_FRAME, AudioFeatureExtractor
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.data.augmentation import AudioAugmentation
from beavervision.data.recording import Recording

BLINK_SHARE, BLINK_PERCENTILE = 0.85, 75
"""An eye is blinking below this share of the 75th percentile of its opening (STAGES.md section 2)."""


@dataclass(frozen=True)
class SpeechSample:
    """Speech and motion over T frames; rows of unknown frames are zero and marked as invalid."""

    content: Float[np.ndarray, "R C"]
    pitch: Float[np.ndarray, "R"]
    """Fundamental frequency in Hz, 0 where unvoiced; two rows per frame."""
    expression: Float[np.ndarray, "T E"]
    valid: Bool[np.ndarray, "T"]
    """Whether the face was visible, so that `expression` is known."""
    blink: Int[np.ndarray, "T"]
    identity: Float[np.ndarray, "I"]
    """Identity coefficients, standard deviations."""
    bilabial: Bool[np.ndarray, "T"] | None = None
    """Whether p, b or m close the lips; None where that is not known."""

    @property
    def n_frames(self) -> int:
        """Number of frames, valid or not."""
        return len(self.valid)

    def part(self, frames: range) -> SpeechSample:
        """Return the sample of some of the frames."""
        span, rows = (
            slice(frames.start, frames.stop),
            slice(ROWS_PER_FRAME * frames.start, ROWS_PER_FRAME * frames.stop),
        )
        return replace(
            self,
            content=self.content[rows],
            pitch=self.pitch[rows],
            expression=self.expression[span],
            valid=self.valid[span],
            blink=self.blink[span],
            bilabial=None if self.bilabial is None else self.bilabial[span],
        )

    def mask_first_frames(self, frames: int) -> SpeechSample:
        """Return a copy whose first `frames` frames are context: they are input, but not scored."""
        return replace(self, valid=self.valid & (np.arange(self.n_frames) >= frames))


def make_sample(
    recording: Recording, frames: range, features: AudioFeatureExtractor, augmentation: AudioAugmentation | None = None
) -> SpeechSample:
    """Make a sample from the recording's `frames`; nothing outside them is read.

    Args:
        recording: source of sound and motion.
        frames: contiguous frames of the recording.
        features: extractor of the audio features.
        augmentation: augmentation of the sound; none by default.
    """
    augmentation, span = augmentation or AudioAugmentation(), slice(frames.start, frames.stop)
    known = np.asarray(recording.known[span])
    heard = features.extract(augmentation.apply(recording.sound(frames), recording.fps), recording.fps)
    place = augmentation.shift + augmentation.speed * np.arange(heard.n_frames)
    place = place[place <= len(frames) - 1]
    expression, valid = _at(np.where(known[:, None], recording.expression[span], 0.0), known, place)
    nearest, rows = np.rint(place).astype(np.int64), ROWS_PER_FRAME * len(place)
    return SpeechSample(
        content=heard.content[:rows],
        pitch=heard.pitch[:rows],
        expression=expression,
        valid=valid,
        blink=blink_flags(np.asarray(recording.eye_open[span]))[nearest],
        identity=np.asarray(recording.identity, np.float32),
        bilabial=None if recording.closed is None else np.asarray(recording.closed[span])[nearest],
    )


def blink_flags(eye_open: Float[np.ndarray, "T 2"]) -> Int[np.ndarray, "T"]:
    """1 at the middle of every run of frames in which the eyes are closing or closed, else 0."""
    aperture = eye_open.mean(axis=1)
    default_style = np.nanpercentile(aperture, BLINK_PERCENTILE) if np.isfinite(aperture).any() else 0.0
    shut = np.nan_to_num(aperture, nan=np.inf) < BLINK_SHARE * default_style
    edges = np.diff(np.concatenate([[0], shut.astype(np.int64), [0]]))
    middles = (np.flatnonzero(edges == 1) + np.flatnonzero(edges == -1) - 1) // 2
    marks = np.zeros(len(shut), np.int64)
    marks[middles] = 1
    return marks


def audio_of_frames(clip: Clip, frames: range) -> Float[np.ndarray, "N"]:
    """Sound of `frames` of a clip, padded with zeros where it ends early."""
    start, stop = (round(i / clip.fps * SAMPLE_RATE) for i in (frames.start, frames.stop))
    samples = clip.audio()[start:stop]
    return np.pad(samples, (0, stop - start - len(samples)))


def _at(
    values: Float[np.ndarray, "T E"], known: Bool[np.ndarray, "T"], place: Float[np.ndarray, "M"]
) -> tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M"]]:
    """Values at fractional frame positions; valid where both neighbours are.

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
