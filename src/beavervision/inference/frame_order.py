"""Which moment of the footage goes with which moment of the film.

Moments are counted in frames of the clip: film frame k of a film at its own rate shows moment k fps_clip / fps_film.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import distance_transform_edt


class FramePath(Protocol):
    """Says where in the footage a film is at any of its moments."""

    def at(self, moments: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Places in the footage, frames with fractions."""
        ...


@dataclass(frozen=True)
class Swing:
    """A stretch of footage played to and fro; its turning points are shown once.

    Backwards is the only way on that continues every pose where it stands.
    """

    first: float
    last: float
    """Included."""
    turn: float = 0.0
    """Frames over which it slows down before a turning point, and as many after it; 0 turns at full speed."""

    def at(self, moments: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Place in the footage (frames, with fractions) at some moments of the film.

        Example:
            >>> Swing(5, 7).at(np.arange(8)).tolist()
            [5.0, 6.0, 7.0, 6.0, 5.0, 6.0, 7.0, 6.0]
        """
        if self.first == self.last:
            return np.full(np.shape(moments), float(self.first))
        period = 2 * (self.last - self.first)
        phase = np.mod(np.asarray(moments, np.float64), period)
        return self.first + self._eased(np.minimum(phase, period - phase))

    def _eased(self, way: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Parabolas instead of the corners at both ends, as steep as the way where they meet it."""
        length = self.last - self.first
        turn = min(self.turn, length / 2)
        if turn <= 0:
            return way
        way = np.where(way < turn, way**2 / (2 * turn) + turn / 2, way)
        left = length - way
        return np.where(left < turn, length - (left**2 / (2 * turn) + turn / 2), way)


def moments(frames: Int[np.ndarray, "B"], film_fps: float, clip_fps: float, end: int) -> Float[np.ndarray, "B"]:
    """Moments that frames of the film show, none beyond the last of `end` frames of the clip's rate."""
    if film_fps == clip_fps:
        return np.minimum(frames, end - 1).astype(np.float64)
    return np.minimum(frames * (clip_fps / film_fps), end - 1)


def longest_run(wanted: Bool[np.ndarray, "T"]) -> Int[np.ndarray, "N"]:
    """Frames of the longest stretch without a break in which `wanted` holds; the first one among equals."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return np.zeros(0, np.int64)
    best = int(np.argmax(stops - starts))
    return np.arange(starts[best], stops[best])


def presence(visible: Bool[np.ndarray, "T"], fade: int) -> Float[np.ndarray, "T"]:
    """Share of the generated head in each frame: 0 where the subject is invisible, 1 at `fade` frames from there.

    The clip's ends are no gaps. The ramp lies wholly in frames that show the subject.

    Example:
        >>> presence(np.array([True, True, True, False, True, True, True]), 2).tolist()
        [1.0, 1.0, 0.5, 0.0, 0.5, 1.0, 1.0]
    """
    if visible.all():
        return np.ones(len(visible))
    return np.clip(distance_transform_edt(visible) / max(fade, 1), 0.0, 1.0)


def between(values: Float[np.ndarray, "T *c"], places: Float[np.ndarray, "B"]) -> Float[np.ndarray, "B *c"]:
    """Values at places between frames, linearly; where one neighbour holds NaN, the other one's."""
    low = np.floor(places).astype(np.int64)
    share = (places - low).reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    under = values[low]
    if not share.any():
        return under
    over = values[np.minimum(low + 1, len(values) - 1)]
    under, over = np.where(np.isnan(under), over, under), np.where(np.isnan(over), under, over)
    return (1 - share) * under + share * over
