"""Curves of a person's motion over the waveform, for the page's plots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.clip import Clip
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.face.pose import euler_from_rotation

RATE = 100.0
"""Points of a curve per second."""
WINDOW_S = 4.0
"""Seconds of the plot that moves with the clip."""
MOST_POINTS = 1200
"""Points of the plot of the whole clip."""


@dataclass(frozen=True)
class MotionCurves:
    """Curves over time; NaN where the person is not visible.

    All have P points at times `time`.
    """

    time: Float[np.ndarray, "P"]
    """s"""
    sound: tuple[Float[np.ndarray, "P"], Float[np.ndarray, "P"]]
    """Lowest and highest sample round each point, relative to the loudest of the clip, -1 to 1."""
    face: dict[str, Float[np.ndarray, "P"]]
    """Openness of mouth and eyes, relative to the clip's 98th percentile."""
    pose: dict[str, Float[np.ndarray, "P"]]
    """Angles of the head, degrees."""

    @classmethod
    def of(cls, clip: Clip, subject: int) -> MotionCurves:
        """Curves of one person of a clip; without sound the waveform is a line."""
        person, seconds = clip.subject(subject), clip.n_frames / clip.fps
        time = np.arange(int(np.ceil(seconds * RATE))) / RATE
        samples = clip.audio() if clip.has_audio else np.zeros(1, np.float32)
        angles = np.degrees(euler_from_rotation(np.where(person.visible[:, None, None], person.rotation, np.nan)))
        place = np.minimum((time * clip.fps).astype(int), clip.n_frames - 1)
        face = {"mouth": person.mouth_open, "eyes": person.eye_open.mean(1)}
        return cls(
            time,
            _envelope(samples, len(time)),
            {name: _relative(curve)[place] for name, curve in face.items()},
            {name: angles[place, i] for i, name in enumerate(("yaw", "pitch", "roll"))},
        )

    def around(self, seconds: float) -> MotionCurves:
        """The WINDOW_S seconds round a time; the same number of points at the clip's ends."""
        n = min(len(self.time), round(WINDOW_S * RATE))
        first = int(np.clip(round(seconds * RATE) - n // 2, 0, len(self.time) - n))
        return self._take(slice(first, first + n))

    def overview(self) -> MotionCurves:
        """The whole clip with at most MOST_POINTS points; the waveform keeps its peaks."""
        step = -(-len(self.time) // MOST_POINTS)
        if step == 1:
            return self
        thin = self._take(slice(0, len(self.time), step))
        starts = np.arange(0, len(self.time), step)
        low, high = (f.reduceat(c, starts) for f, c in zip((np.minimum, np.maximum), self.sound, strict=True))
        return MotionCurves(thin.time, (low, high), thin.face, thin.pose)

    def marker(self, seconds: float) -> Float[np.ndarray, "P"]:
        """A curve that is an upright line at a time: -1 and 1 at neighbouring points, NaN elsewhere."""
        line = np.full(len(self.time), np.nan)
        at = int(np.clip(np.searchsorted(self.time, seconds), 0, max(0, len(self.time) - 2)))
        line[at : at + 2] = [-1.0, 1.0][: len(line) - at]
        return line

    def _take(self, part: slice) -> MotionCurves:
        return MotionCurves(
            self.time[part],
            (self.sound[0][part], self.sound[1][part]),
            {name: curve[part] for name, curve in self.face.items()},
            {name: curve[part] for name, curve in self.pose.items()},
        )


def _envelope(samples: Float[np.ndarray, "N"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest sample of each hundredth of a second."""
    step = round(SAMPLE_RATE / RATE)
    padded = np.zeros(count * step, np.float32)
    padded[: min(len(samples), len(padded))] = samples[: len(padded)]
    rows = padded.reshape(count, step) / max(float(np.abs(padded).max()), 1e-6)
    return rows.min(1), rows.max(1)


def _relative(curve: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """A curve over its 98th percentile."""
    known = curve[np.isfinite(curve)]
    return curve / max(float(np.percentile(known, 98)) if len(known) else 1.0, 1e-6)
