"""The stretch of footage that a live person is shown with: where the mouth moves least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.errors import FootageError
from beavervision.inference.frame_path import PingPongPath
from beavervision.inference.pose_source import TURN, calm_stretch
from beavervision.inference.speaking_person import LOWER_LIP, UPPER_LIP, SpeakingPerson

STILL = 0.1
"""A mouth that moves by less than this share of the person's widest opening is at rest: then the loop keeps the
footage's own mouth, else a resting one is drawn."""
SHORTEST = 12
"""Frames below which a stretch would nod."""


@dataclass(frozen=True)
class IdleLoop:
    """Frames `first` to `last` of the footage, played forward and backward without a jump."""

    first: int
    last: int
    still: bool
    """Whether the mouth rests in all of it."""

    @property
    def n_frames(self) -> int:
        """Number of different frames."""
        return self.last - self.first + 1

    def at(self, tick: int) -> int:
        """Number of the loop's frame, from 0, at a tick of the session; neighbours differ by one at most.

        The loop slows down for half a second before it turns round.

        Example:
            >>> loop = IdleLoop(100, 140, True)
            >>> [loop.at(tick) for tick in (0, 30, 10**9)]
            [6, 30, 6]
        """
        path = PingPongPath(0, self.last - self.first, min(TURN, self.n_frames / 2))
        return int(np.rint(path.at(np.array([float(tick)]))[0]))

    def position(self, tick: int) -> float:
        """Position in the footage at a tick, in frames with fractions."""
        path = PingPongPath(self.first, self.last, min(TURN, self.n_frames / 2))
        return float(path.at(np.array([float(tick)]))[0])


def mouth_gap(person: SpeakingPerson) -> Float[np.ndarray, "N"]:
    """Distance between the inner lips in each frame of the footage, 1/10 cm."""
    upper, lower = (person.source_condition[:, lips].mean(1) for lips in (UPPER_LIP, LOWER_LIP))
    return np.linalg.norm(upper - lower, axis=1)


def choose_loop(person: SpeakingPerson, n_frames: int) -> IdleLoop:
    """The stretch of up to `n_frames` in which the mouth is shut and moves least, within the longest calm one.

    Raises:
        FootageError: when the footage shows nobody.
    """
    track = person.track
    # The longest calm stretch of the footage: one face in full view, nothing before it.
    calm = calm_stretch(track, person.footage_size)
    first, last = int(calm.first), int(calm.last)
    if last < first:
        raise FootageError("The footage shows nobody; prepare other footage.")
    gap, size = mouth_gap(person)[first : last + 1], min(n_frames, last - first + 1)
    widest = max(float(np.quantile(gap, 0.99)), 1e-6)
    restless = np.abs(np.diff(gap, prepend=gap[0])) + np.maximum(0, gap - np.quantile(gap, 0.1)) / TURN
    sums = np.convolve(restless, np.ones(size), "valid")
    start = int(np.argmin(sums))
    chosen = gap[start : start + size]
    return IdleLoop(first + start, first + start + size - 1, still=bool(_moves(chosen) < STILL * widest))


def _moves(gap: Float[np.ndarray, "n"]) -> float:
    """How far the mouth moves: spread of its opening, without the extremes."""
    low, high = np.quantile(gap, (0.02, 0.98))
    return float(high - low)
