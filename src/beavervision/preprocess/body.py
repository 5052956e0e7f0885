"""Shoulders and neck: MediaPipe's pose on a square round the person, filled in between the frames looked at."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.ndimage import gaussian_filter1d

from beavervision.preprocess.square import Square

CROP = 384
LOOK_EVERY = 3
"""Frames between two looks: shoulders move slowly, and pose is the slowest network."""

NOSE, SHOULDERS = 0, (12, 11)
"""MediaPipe pose points: nose; the subject's right and left shoulder."""

NECK_SHARE = 1 / 3
"""Where the pit of the neck lies between the middle of the shoulders and the chin."""

CHIN = 152

SIGMA = 1.5
"""Smoothing in looks (frames / LOOK_EVERY); the network treats every frame by itself and trembles by 1 % of the
shoulders' width."""

BODY_MARGIN, POSE_MARGIN = 3.0, 2.4
"""Sides of the squares for gestures and for shoulders over that of the face's (square.ROI_MARGIN)."""

FACE_RISE = 0.3
"""How far above the middle of the body's square the face stands, in sides."""


class BodyFinder:
    """MediaPipe's full pose model, each frame by itself."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.pose import Pose

        self._network = Pose(static_image_mode=True, model_complexity=1)

    def shoulders(self, rgb: UInt8[np.ndarray, "H W 3"], face: Square) -> Float[np.ndarray, "2 3"]:
        """Right and left shoulder in full-frame px with confidence; NaN where this face's body is not seen.

        The face stands in the middle of what the network gets, so that it takes this person and not a neighbour.
        """
        side = POSE_MARGIN * face.side
        square = Square(face.x, face.y + FACE_RISE * side, side)
        found = self._network.process(square.cut(rgb, CROP)).pose_landmarks
        nothing = np.full((2, 3), np.nan)
        if found is None:
            return nothing
        points = [found.landmark[i] for i in (NOSE, *SHOULDERS)]
        nose, *shoulders = square.to_frame(np.array([(p.x, p.y) for p in points]))
        if np.hypot(nose[0] - face.x, nose[1] - face.y) > face.side / 2:
            return nothing
        return np.column_stack([shoulders, [p.visibility for p in points[1:]]])

    def close(self) -> None:
        """Free the graph."""
        self._network.close()


def body_square(face: Square, width: int, height: int) -> Square:
    """Square that holds a person's shoulders and gestures, given the square of the face, moved into the frame."""
    side = min(face.side * BODY_MARGIN, max(width, height))
    x = _within(face.x, side, width)
    y = _within(face.y + FACE_RISE * side, side, height)
    return Square(x, y, side)


def complete(
    looks: Float[np.ndarray, "T 2 3"],
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
) -> Float[np.ndarray, "T 3 3"]:
    """Right shoulder, left shoulder and neck in every visible frame.

    Args:
        looks: shoulders (x, y, confidence) where looked for and found, else NaN.
        landmarks: face landmarks, full-frame px.
        visible: frames whose row is wanted; the others become NaN.
    """
    body = np.full((len(looks), 3, 3), np.nan)
    known = np.flatnonzero(np.isfinite(looks).all((1, 2)))
    if len(known) == 0:
        return body
    every = np.arange(len(looks))
    for run in np.split(known, np.flatnonzero(np.diff(known) > 2 * LOOK_EVERY) + 1):
        smooth = gaussian_filter1d(looks[run].reshape(len(run), 6), SIGMA, axis=0, mode="nearest")
        span = every[max(0, run[0] - LOOK_EVERY) : run[-1] + LOOK_EVERY + 1]
        filled = np.column_stack([np.interp(span, run, column) for column in smooth.T])
        body[span, :2] = filled.reshape(len(span), 2, 3)
    middle = body[:, :2].mean(1)
    body[:, 2] = middle
    body[:, 2, :2] += NECK_SHARE * (landmarks[:, CHIN, :2] - middle[:, :2])
    body[~visible] = np.nan
    return body


def _within(centre: float, side: float, length: int) -> float:
    if side >= length:
        return length / 2
    return float(np.clip(centre, side / 2, length - side / 2))
