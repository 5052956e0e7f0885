"""Selects the frames that the report shows, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from beavervision.artifacts.clip import Subject
from beavervision.face.landmarks import EYE_OUTER
from beavervision.face.pose import euler_from_rotation
from beavervision.types import VisibilityReason

N_SPREAD = 8
"""Number of evenly spaced frames."""

LEAST_COVERED, LEAST_TURN = 0.02, 10.0
"""Smallest occluded share of the head, and smallest yaw in degrees, for which the extreme frame is shown."""

REASONS = {
    VisibilityReason.NO_FACE: "no face found",
    VisibilityReason.OUT_OF_FRAME: "out of frame",
    VisibilityReason.TURNED_AWAY: "turned away",
    VisibilityReason.BLURRED: "too blurred",
    VisibilityReason.CUT: "another shot",
}


@dataclass(frozen=True)
class Moment:
    """A selected frame."""

    index: int
    why: str
    """Reason; empty for evenly spaced frames."""


def moments(subject: Subject, error_px: Float[np.ndarray, "T"]) -> list[Moment]:
    """Select evenly spaced frames, extremes, and one frame per reason of invisibility; in order of time.

    Args:
        subject: results for the subject, frame by frame.
        error_px: mean distance of the fitted landmarks, px; NaN where not fitted.
    """
    chosen: dict[int, list[str]] = {}
    for index in _spread(len(subject.visible)):
        chosen.setdefault(int(index), [])
    for index, why in (*_extremes(subject, error_px), *_absences(subject)):
        chosen.setdefault(index, []).append(why)
    return [Moment(index, ", ".join(why)) for index, why in sorted(chosen.items())]


def error_percent(subject: Subject, error_px: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """Reprojection error in per cent of the distance between the outer eye corners."""
    right, left = (subject.landmarks[:, corner, :2] for corner in EYE_OUTER)
    return 100 * error_px / np.linalg.norm(right - left, axis=-1)


def face_height(subject: Subject) -> Float[np.ndarray, "T"]:
    """Height of the face, px; NaN where it is not visible."""
    return np.where(subject.visible, subject.box[:, 3] - subject.box[:, 1], np.nan)


def yaw_pitch(subject: Subject) -> Float[np.ndarray, "T 2"]:
    """Yaw (to the subject's left) and pitch (down) of the head, degrees; NaN where it is not visible."""
    degrees = np.degrees(euler_from_rotation(subject.rotation.astype(float))[:, :2])
    return np.where(subject.visible[:, None], degrees, np.nan)


def _spread(n_frames: int) -> np.ndarray:
    return np.unique(((np.arange(N_SPREAD) + 0.5) / N_SPREAD * n_frames).astype(int))


def _extremes(subject: Subject, error_px: Float[np.ndarray, "T"]) -> Iterator[tuple[int, str]]:
    """(frame, reason) of extremes that may be a problem in training."""
    error, turn = error_percent(subject, error_px), np.abs(yaw_pitch(subject)[:, 0])
    hidden = np.where(subject.covered >= LEAST_COVERED, subject.covered, np.nan)
    candidates = (
        (subject.mouth_open, "mouth open widest"),
        (np.where(turn >= LEAST_TURN, turn, np.nan), "turned farthest ({value:.0f}°)"),
        (error, "face model fits worst ({value:.1f} % of the eye distance)"),
        (-face_height(subject), "face smallest ({size:.0f} px)"),
        (hidden, "most hidden ({share:.0f} % of the head)"),
    )
    for values, why in candidates:
        known: Bool[np.ndarray, "T"] = np.isfinite(values) & subject.visible
        if known.any():
            index = int(np.argmax(np.where(known, values, -np.inf)))
            value = float(values[index])
            yield index, why.format(value=value, size=-value, share=100 * value)


def _absences(subject: Subject) -> Iterator[tuple[int, str]]:
    """(frame, reason) of the middle of the longest run of each reason of invisibility."""
    edges = np.flatnonzero(np.diff(subject.reason)) + 1
    runs = np.split(np.arange(len(subject.reason)), edges)
    for reason, why in REASONS.items():
        there = [run for run in runs if len(run) and subject.reason[run[0]] == reason]
        if there:
            longest = max(there, key=len)
            yield int(longest[len(longest) // 2]), f"left out: {why}"
