"""Finds by how much footage must be turned so that faces are upright, where its file states it wrongly or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.face_detection import FaceBox, FaceFinder
from beavervision.video.correction import TURNS

VERSION = 1

FRAMES, FIRST_SECONDS = 6, 10.0
"""Number of frames that are examined, over the first seconds of the clip; without a face there, over all of it."""
FEWER = 2
"""Every how manieth of them is searched tile by tile."""
UPRIGHT = 0.88
"""Mean `uprightness` from which the other turns are not tried. Five recordings: 0.90 to 0.97 as they are; upside down
up to 0.85, sideways up to 0.3."""
LEAD = 0.08
"""Lead of a turn over no turn from which footage is turned; an upside-down face is 0.1 to 0.2 behind."""

Picture = UInt8[np.ndarray, "H W 3"]


def sample_times(start: float, stop: float) -> list[Float[np.ndarray, "n"]]:
    """Times of the frames to examine, seconds: first those of the beginning, then those of the whole part."""
    early = min(stop, start + FIRST_SECONDS)
    return [np.linspace(start, end, FRAMES, endpoint=False) for end in dict.fromkeys((early, stop))]


def find_turn(read: Callable[[float], Picture], start: float, stop: float) -> int:
    """Return the clockwise turn that makes the faces upright, degrees; 0 where there is no face.

    Args:
        read: returns the frame at a time.
        start: seconds at which the clip starts.
        stop: seconds at which it ends.
    """
    finder = FaceFinder()
    try:
        for times in sample_times(start, stop):
            turn = _best_turn(finder, [read(float(time)) for time in times])
            if turn is not None:
                return turn
        return 0
    finally:
        finder.close()


def _best_turn(finder: FaceFinder, frames: Sequence[Picture]) -> int | None:
    """The turn of these frames; None where they show no face."""
    if _uprightness(finder, frames, 0, thorough=False).mean() >= UPRIGHT:
        return 0
    for thorough in (False, True):  # tiles of the frame take ten times as long and are needed for small faces only
        chosen = frames[:: FEWER if thorough else 1]
        scores = np.stack([_uprightness(finder, chosen, turn, thorough=thorough) for turn in TURNS])
        seen = scores.any(axis=0)
        if not seen.any():
            continue
        means = scores[:, seen].mean(axis=1)
        best = int(means.argmax())
        if thorough or means[best] >= UPRIGHT:
            return TURNS[best] if means[best] >= means[0] + LEAD else 0
    return None


def _uprightness(finder: FaceFinder, frames: Sequence[Picture], turn: int, *, thorough: bool) -> Float[np.ndarray, "n"]:
    """`uprightness` of each frame after a turn."""
    return np.array([uprightness(finder.find(turned(frame, turn), thorough=thorough)) for frame in frames])


def uprightness(faces: Sequence[FaceBox]) -> float:
    """Score of the most certain face times the cosine of its roll, 0 .. 1; 0 without a face."""
    best = max(faces, key=lambda face: face.score, default=None)
    return 0.0 if best is None else best.score * max(0.0, float(np.cos(np.radians(best.roll))))


def turned(picture: Picture, turn: int) -> Picture:
    """Turn a picture clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(picture, -turn // 90))
