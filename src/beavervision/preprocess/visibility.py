"""In which frames the subject can be used, and why not in the others. Indices never change."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.types import VisibilityReason

INSIDE = 0.8
"""Share of the landmarks that must lie inside the frame. Measured by pushing two recordings over the border:
landmarks stay within 2.5 % of the inter-ocular distance down to here, and double beyond."""

AT_BORDER = 0.98
"""Share of landmarks inside the frame below which a face that is lost next has left over the border."""

PROFILE = np.deg2rad(75)
"""Yaw beyond which half of the face cannot be seen."""

NEAR_PROFILE = np.deg2rad(45)
"""Yaw beyond which a face that is lost next has turned away."""


def inside_share(landmarks: Float[np.ndarray, "T 478 3"], width: int, height: int) -> Float[np.ndarray, "T"]:
    """Share of the landmarks inside the frame; 0 where there is no face."""
    flat = landmarks[..., :2]
    with np.errstate(invalid="ignore"):
        inside = ((flat >= 0) & (flat < [width, height])).all(-1)
    return inside.mean(-1)


def rough_yaw(landmarks: Float[np.ndarray, "T 478 3"]) -> Float[np.ndarray, "T"]:
    """Radians by which the cheeks' line is turned from the picture plane, from MediaPipe's own depth."""
    across = landmarks[:, 454] - landmarks[:, 234]
    return np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1]))


def judge(
    landmarks: Float[np.ndarray, "T 478 3"], width: int, height: int
) -> tuple[Bool[np.ndarray, "T"], Int[np.ndarray, "T"]]:
    """Visible flag and `VisibilityReason` of every frame.

    Args:
        landmarks: full-frame px, NaN where no face was found.
        width: of the frame, px.
        height: of the frame, px.
    """
    found = np.isfinite(landmarks).all((1, 2))
    inside, yaw = inside_share(landmarks, width, height), np.abs(rough_yaw(landmarks))
    reason = np.full(len(landmarks), VisibilityReason.VISIBLE, np.int64)
    with np.errstate(invalid="ignore"):
        reason[found & (yaw > PROFILE)] = VisibilityReason.TURNED_AWAY
        reason[found & (inside < INSIDE)] = VisibilityReason.OUT_OF_FRAME
    for gap in _gaps(found):
        reason[gap] = _why_lost(gap, inside, yaw)
    return reason == VisibilityReason.VISIBLE, reason


def _gaps(found: Bool[np.ndarray, "T"]) -> list[slice]:
    """Runs of frames without a face."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], found.astype(int), [1]])))
    return [slice(a, b) for a, b in edges.reshape(-1, 2)]


def _why_lost(gap: slice, inside: np.ndarray, yaw: np.ndarray) -> VisibilityReason:
    """Reason of a gap, from the face just before it and just after it."""
    neighbours = [i for i in (gap.start - 1, gap.stop) if 0 <= i < len(inside)]
    if any(inside[i] < AT_BORDER for i in neighbours):
        return VisibilityReason.OUT_OF_FRAME
    if any(yaw[i] > NEAR_PROFILE for i in neighbours):
        return VisibilityReason.TURNED_AWAY
    return VisibilityReason.NO_FACE
