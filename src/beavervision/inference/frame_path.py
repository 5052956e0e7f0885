"""Which frame of the footage each frame of the film uses.

Film positions and footage positions are both counted in frames of the clip and may have fractions. Frame k of a film
with its own rate is at film position k * fps_clip / fps_film.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import distance_transform_edt


class FramePath(Protocol):
    """Maps film positions to footage positions."""

    def at(self, positions: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Footage positions, in frames with fractions, for film positions in the same unit."""
        ...


@dataclass(frozen=True)
class PingPongPath:
    """Plays a range of footage forwards and backwards. Each turning point is shown once.

    Playing backwards is the only continuation in which every pose follows from the pose before it.
    """

    first: float
    """First footage position."""
    last: float
    """Last footage position, included."""
    turn_frames: float = 0.0
    """Frames of slowing down before a turning point, and of speeding up after it; 0 turns at full speed."""

    def at(self, positions: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Footage positions for film positions.

        Example:
            >>> PingPongPath(5, 7).at(np.arange(8)).tolist()
            [5.0, 6.0, 7.0, 6.0, 5.0, 6.0, 7.0, 6.0]
        """
        if self.first == self.last:
            return np.full(np.shape(positions), float(self.first))
        period = 2 * (self.last - self.first)
        phase = np.mod(np.asarray(positions, np.float64), period)
        return self.first + self._eased(np.minimum(phase, period - phase))

    def _eased(self, offset: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Round both corners with a parabola that has the slope of the line where it meets it."""
        length = self.last - self.first
        turn = min(self.turn_frames, length / 2)
        if turn <= 0:
            return offset
        offset = np.where(offset < turn, offset**2 / (2 * turn) + turn / 2, offset)
        remaining = length - offset
        return np.where(remaining < turn, length - (remaining**2 / (2 * turn) + turn / 2), offset)


def film_positions(
    frames: Int[np.ndarray, "B"], film_fps: float, clip_fps: float, n_clip_frames: int
) -> Float[np.ndarray, "B"]:
    """Film positions, in clip frames, of some frames of the film.

    Args:
        frames: frame numbers of the film.
        film_fps: frames per second of the film.
        clip_fps: frames per second of the clip.
        n_clip_frames: length of the film in clip frames; no position lies beyond the last of them.
    """
    if film_fps == clip_fps:
        return np.minimum(frames, n_clip_frames - 1).astype(np.float64)
    return np.minimum(frames * (clip_fps / film_fps), n_clip_frames - 1)


def longest_run(mask: Bool[np.ndarray, "T"]) -> Int[np.ndarray, "N"]:
    """Frame numbers of the longest unbroken run in which `mask` is true; the first of equally long runs."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return np.zeros(0, np.int64)
    best = int(np.argmax(stops - starts))
    return np.arange(starts[best], stops[best])


def visibility_fade(visible: Bool[np.ndarray, "T"], fade_frames: int) -> Float[np.ndarray, "T"]:
    """Weight of the generated head in each frame: 0 where the subject is invisible, 1 at `fade_frames` from there.

    The ends of the clip do not count as invisible. The ramp lies wholly in frames that show the subject.

    Example:
        >>> visibility_fade(np.array([True, True, True, False, True, True, True]), 2).tolist()
        [1.0, 1.0, 0.5, 0.0, 0.5, 1.0, 1.0]
    """
    if visible.all():
        return np.ones(len(visible))
    distance = np.asarray(distance_transform_edt(visible))
    return np.clip(distance / max(fade_frames, 1), 0.0, 1.0)


def interpolate_frames(
    values: Float[np.ndarray, "T *c"], positions: Float[np.ndarray, "B"]
) -> Float[np.ndarray, "B *c"]:
    """Values at positions between frames, linearly. Where one neighbour is NaN, the other one is taken."""
    low = np.floor(positions).astype(np.int64)
    fraction = (positions - low).reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    before = values[low]
    if not fraction.any():
        return before
    after = values[np.minimum(low + 1, len(values) - 1)]
    before, after = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    return (1 - fraction) * before + fraction * after
