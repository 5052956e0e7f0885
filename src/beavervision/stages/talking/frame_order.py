"""Which frame of the footage goes with which frame of the output."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int


def ping_pong(frames: Int[np.ndarray, "N"], length: int) -> Int[np.ndarray, "L"]:
    """Play `frames` forwards and backwards until `length` are shown; the turning points are shown once.

    Example:
        >>> ping_pong(np.array([5, 6, 7]), 8).tolist()
        [5, 6, 7, 6, 5, 6, 7, 6]
    """
    if len(frames) == 1:
        return np.repeat(frames, length)
    period = 2 * (len(frames) - 1)
    phase = np.arange(length) % period
    return frames[np.minimum(phase, period - phase)]


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
    every, hidden = np.arange(len(visible)), np.flatnonzero(~visible)
    if not len(hidden):
        return np.ones(len(visible))
    distance = np.abs(every[:, None] - hidden[None]).min(1)
    return np.clip(distance / max(fade, 1), 0.0, 1.0)
