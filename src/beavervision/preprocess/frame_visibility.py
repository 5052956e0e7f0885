"""Classifies the frames of a subject as visible or not, with the reason. Frame indices never change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.preprocess.shot_detection import ShotBoundaries, shot_of
from beavervision.types import VisibilityReason

INSIDE = 0.8
"""Share of the landmarks that must be inside the frame. Measured by moving two recordings over the border: landmark
errors stay within 2.5 % of the inter-ocular distance down to this share, and double beyond."""

AT_BORDER = 0.98
"""Share of landmarks inside the frame below which a face that is then lost has left the frame."""

PROFILE = np.deg2rad(75)
"""Yaw beyond which half of the face is hidden."""

NEAR_PROFILE = np.deg2rad(45)
"""Yaw beyond which a face that is then lost has turned away."""


TOO_BLURRED = 0.3
"""Sharpness relative to the face's usual one in its shot, below which a frame is unusable. Four recordings and the
actor, blurred: at 0.3 (Gaussian of 0.02 face heights, motion of 0.2) landmarks are off by 1 to 6 % of the eye distance;
the least sharp frames of the original recordings have 0.6."""

NEAR_BLURRED = 0.45
"""The same limit for a face that is then lost: it was blurred even more."""

PIECE = 1000
"""Number of frames processed at once: the landmarks of a long clip may be a mapped file."""

ENOUGH = 25
"""Number of frames of a shot from which the usual sharpness is estimated."""


def inside_share(landmarks: Float[np.ndarray, "T 478 3"], width: int, height: int) -> Float[np.ndarray, "T"]:
    """Share of the landmarks inside the frame; 0 where there is no face."""
    flat = landmarks[..., :2]
    with np.errstate(invalid="ignore"):
        inside = ((flat >= 0) & (flat < [width, height])).all(-1)
    return inside.mean(-1)


def rough_yaw(landmarks: Float[np.ndarray, "T 478 3"]) -> Float[np.ndarray, "T"]:
    """Angle between the line through the cheeks and the image plane, radians, from MediaPipe's depth."""
    across = landmarks[:, 454] - landmarks[:, 234]
    return np.arctan2(across[:, 2], np.hypot(across[:, 0], across[:, 1]))


def classify_frames(
    landmarks: Float[np.ndarray, "T 478 3"],
    width: int,
    height: int,
    sharpness: Float[np.ndarray, "T"] | None = None,
    cuts: ShotBoundaries | None = None,
) -> tuple[Bool[np.ndarray, "T"], Int[np.ndarray, "T"]]:
    """Visible flag and `VisibilityReason` of every frame.

    A detected face is visible unless it is OUT_OF_FRAME, TURNED_AWAY or BLURRED. A frame without a face gets its reason
    from the frames with the face just before and after it in the same shot. CUT is the reason for shots that never show
    the subject, and for frames of a dissolve or fade, with or without a face.

    Args:
        landmarks: landmarks in full-frame px, NaN where no face was found.
        width: width of the frame, px.
        height: height of the frame, px.
        sharpness: sharpness of the face, see `sharpness.sharpness`; NaN where unknown. Without it no frame is BLURRED.
        cuts: the shot boundaries; without them the clip is one shot.
    """
    n = len(landmarks)
    cuts = cuts or ShotBoundaries(np.zeros(0, int), np.zeros(n, bool))
    shots = shot_of(cuts.firsts, n)
    found, inside, yaw = _measured(landmarks, width, height)
    sharp = np.ones(n) if sharpness is None else relative_sharpness(sharpness, shots)
    reason = np.full(n, VisibilityReason.VISIBLE, np.int64)
    with np.errstate(invalid="ignore"):
        reason[found & (sharp < TOO_BLURRED)] = VisibilityReason.BLURRED
        reason[found & (yaw > PROFILE)] = VisibilityReason.TURNED_AWAY
        reason[found & (inside < INSIDE)] = VisibilityReason.OUT_OF_FRAME
    for gap in _gaps(found, shots):
        reason[gap] = _why_lost(gap, shots, inside, yaw, sharp)
    for shot in np.unique(shots):
        if not found[shots == shot].any() and len(cuts.firsts):
            reason[shots == shot] = VisibilityReason.CUT
    reason[cuts.mixed] = VisibilityReason.CUT
    return reason == VisibilityReason.VISIBLE, reason


def _measured(
    landmarks: Float[np.ndarray, "T 478 3"], width: int, height: int
) -> tuple[Bool[np.ndarray, "T"], Float[np.ndarray, "T"], Float[np.ndarray, "T"]]:
    """For each frame: whether there is a face, its share inside the frame, and its absolute yaw."""
    found, inside, yaw = np.zeros(len(landmarks), bool), np.zeros(len(landmarks)), np.zeros(len(landmarks))
    for start in range(0, len(landmarks), PIECE):
        rows = slice(start, start + PIECE)
        piece = np.asarray(landmarks[rows])
        found[rows] = np.isfinite(piece).all((1, 2))
        inside[rows], yaw[rows] = inside_share(piece, width, height), np.abs(rough_yaw(piece))
    return found, inside, yaw


def relative_sharpness(sharpness: Float[np.ndarray, "T"], shots: Int[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """Sharpness relative to the face's usual one in its shot, or in the whole clip where the shot is short."""
    result = np.full(len(sharpness), np.nan)
    known = np.isfinite(sharpness)
    for shot in np.unique(shots[known]):
        rows = known & (shots == shot)
        usual = float(np.median(sharpness[rows if rows.sum() >= ENOUGH else known]))
        result[rows] = sharpness[rows] / max(usual, 1e-6)
    return result


def _gaps(found: Bool[np.ndarray, "T"], shots: Int[np.ndarray, "T"]) -> list[slice]:
    """Runs of frames without a face, each within a shot."""
    changes = np.flatnonzero((np.diff(found.astype(int)) != 0) | (np.diff(shots) != 0)) + 1
    borders = [0, *changes.tolist(), len(found)]
    return [slice(a, b) for a, b in pairwise(borders) if b > a and not found[a]]


def _why_lost(
    gap: slice, shots: np.ndarray, inside: np.ndarray, yaw: np.ndarray, sharp: np.ndarray
) -> VisibilityReason:
    """Reason of a gap, from the face just before and just after it in the same shot."""
    neighbours = [i for i in (gap.start - 1, gap.stop) if 0 <= i < len(inside) and shots[i] == shots[gap.start]]
    if any(inside[i] < AT_BORDER for i in neighbours):
        return VisibilityReason.OUT_OF_FRAME
    if any(yaw[i] > NEAR_PROFILE for i in neighbours):
        return VisibilityReason.TURNED_AWAY
    if any(sharp[i] < NEAR_BLURRED for i in neighbours):
        return VisibilityReason.BLURRED
    return VisibilityReason.NO_FACE
