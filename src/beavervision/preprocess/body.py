"""Shoulders and neck: MediaPipe's pose on a square round the person, now and then; the clothes' motion in between."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.ndimage import gaussian_filter1d, median_filter

from beavervision.face.landmarks import EYE_OUTER
from beavervision.preprocess.crop import SquareCrop

CROP = 384
LOOK_EVERY = 6
"""Frames between two looks: pose is the slowest network, and the clothes' motion tells what happens in between."""

NOSE, SHOULDERS = 0, (12, 11)
"""MediaPipe pose points: nose; the subject's right and left shoulder."""

NECK_SHARE = 0.27
"""Where the base of the neck lies between the middle of the shoulders and that of the eyes, which no word moves.
Fitted to the synthetic actor's anatomy."""

OUTLIERS, SMOOTHING, ALONE = 5, 25.0, 6.0
"""Looks of which the median is taken, and frames (standard deviation) over which what the looks say beyond the
clothes' motion is averaged, and where that is not known: the network treats every frame by itself and trembles by 1 %
of the shoulders' width."""

BODY_MARGIN, POSE_MARGIN = 3.0, 2.4
"""Sides of the squares for gestures and for shoulders over that of the face's (square.ROI_MARGIN)."""

FACE_RISE = 0.3
"""How far above the middle of the body's square the face stands, in sides."""


class BodyFinder:
    """MediaPipe's full pose model, each frame by itself."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.pose import Pose

        # Any: its results are named tuples made at run time.
        self._network: Any = Pose(static_image_mode=True, model_complexity=1)

    def shoulders(self, rgb: UInt8[np.ndarray, "H W 3"], face: SquareCrop) -> Float[np.ndarray, "2 3"]:
        """Right and left shoulder in full-frame px with confidence; NaN where this face's body is not seen.

        The face stands in the middle of what the network gets, so that it takes this person and not a neighbour.
        """
        side = POSE_MARGIN * face.side
        square = SquareCrop(face.x, face.y + FACE_RISE * side, side)
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


def body_square(face: SquareCrop, width: int, height: int) -> SquareCrop:
    """Square that holds a person's shoulders and gestures, given the square of the face, moved into the frame."""
    side = min(face.side * BODY_MARGIN, max(width, height))
    x = _within(face.x, side, width)
    y = _within(face.y + FACE_RISE * side, side, height)
    return SquareCrop(x, y, side)


def complete_body_points(
    looks: Float[np.ndarray, "T 2 3"],
    motion: Float[np.ndarray, "T 2 3"],
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
) -> Float[np.ndarray, "T 3 3"]:
    """Right shoulder, left shoulder and neck in every visible frame.

    The looks tell where the shoulders are, the clothes' motion how they get from one look to the next.

    Args:
        looks: shoulders (x, y, confidence) where looked for and found, else NaN.
        motion: map of the torso's points from the frame before, full-frame px; NaN where not known.
        landmarks: face landmarks, full-frame px.
        visible: frames whose row is wanted; the others become NaN.
    """
    body = np.full((len(looks), 3, 3), np.nan)
    known = np.flatnonzero(np.isfinite(looks).all((1, 2)))
    if len(known) == 0:
        return body
    for run in np.split(known, np.flatnonzero(np.diff(known) > 2 * LOOK_EVERY) + 1):
        span = slice(max(0, run[0] - LOOK_EVERY), min(run[-1] + LOOK_EVERY + 1, len(looks)))
        body[span, :2] = _carried(looks[run], run - span.start, motion[span])
    middle = body[:, :2].mean(1)
    body[:, 2] = middle
    body[:, 2, :2] += NECK_SHARE * (landmarks[:, EYE_OUTER, :2].mean(1) - middle[:, :2])
    body[~visible] = np.nan
    return body


def _carried(
    looks: Float[np.ndarray, "K 2 3"], at: Int[np.ndarray, "K"], motion: Float[np.ndarray, "n 2 3"]
) -> Float[np.ndarray, "n 2 3"]:
    """Shoulders in the n frames of a run, given looks at some of them."""
    frames = np.arange(len(motion))
    shoulders = _filled(frames, at, looks)
    steps = np.einsum("nij,nkj->nki", motion[:, :, :2] - np.eye(2), shoulders[..., :2]) + motion[:, None, :, 2]
    steps[0] = 0
    moving = np.isfinite(steps).all((1, 2))
    path, smoothing = np.zeros((len(frames), 2, 2)), ALONE
    if moving.mean() > 0.5:
        path, smoothing = np.cumsum(_filled(frames, frames[moving], steps[moving]), axis=0), SMOOTHING
    beyond = looks.copy()
    beyond[..., :2] -= path[at]
    beyond = median_filter(beyond, (OUTLIERS, 1, 1), mode="nearest")
    beyond = gaussian_filter1d(beyond, smoothing / LOOK_EVERY, axis=0, mode="nearest")
    shoulders = _filled(frames, at, beyond)
    shoulders[..., :2] += path
    return shoulders


def _filled(
    frames: Int[np.ndarray, "n"], at: Int[np.ndarray, "K"], values: Float[np.ndarray, "K 2 C"]
) -> Float[np.ndarray, "n 2 C"]:
    """Values known at some frames, interpolated between them."""
    columns = [np.interp(frames, at, column) for column in values.reshape(len(at), -1).T]
    return np.column_stack(columns).reshape(len(frames), *values.shape[1:])


def _within(centre: float, side: float, length: int) -> float:
    if side >= length:
        return length / 2
    return float(np.clip(centre, side / 2, length - side / 2))
