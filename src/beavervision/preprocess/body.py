"""Shoulders and neck: MediaPipe's pose at intervals, and the motion of the clothes in between."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.ndimage import gaussian_filter1d, median_filter

from beavervision.face.landmarks import EYE_OUTER
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.perception_networks import open_networks

CROP = 384
LOOK_EVERY = 6
"""Frames between two pose estimates: pose is the slowest network, and the clothes' motion bridges the gap."""

NOSE, SHOULDERS = 0, (12, 11)
"""MediaPipe pose points: nose; the subject's right and left shoulder."""

NECK_SHARE = 0.27
"""Position of the base of the neck between the middle of the shoulders and the middle of the eyes (speech does not move
either). Fitted to the synthetic actor's anatomy."""

OUTLIERS, SMOOTHING, ALONE = 5, 25.0, 6.0
"""Window of a median over the pose estimates; and standard deviations, in frames, of the smoothing of their deviation
from the clothes' motion, and of the estimates where that motion is unknown. The network treats every frame
independently and jitters by 1 % of the shoulder width."""

BODY_MARGIN, POSE_MARGIN = 3.0, 2.4
"""Sides of the squares for gestures and for shoulders, relative to the face square (crop.ROI_MARGIN)."""

FACE_RISE = 0.3
"""Height of the face above the middle of the body square, in square sides."""


class BodyFinder:
    """MediaPipe's full pose model, applied to each frame independently."""

    def __init__(self) -> None:
        self._network = open_networks().pose()

    def shoulders(self, rgb: UInt8[np.ndarray, "H W 3"], face: SquareCrop) -> Float[np.ndarray, "2 3"]:
        """Right and left shoulder in full-frame px with confidence; NaN where this face's body is not visible.

        The face is in the middle of the network's input, so that it detects this person and not a neighbour.
        """
        side = POSE_MARGIN * face.side
        square = SquareCrop(face.x, face.y + FACE_RISE * side, side)
        found = self._network.points(square.cut(rgb, CROP))
        nothing = np.full((2, 3), np.nan)
        if found is None:
            return nothing
        points = found[[NOSE, *SHOULDERS]]
        nose, *shoulders = square.to_frame(points[:, :2])
        if np.hypot(nose[0] - face.x, nose[1] - face.y) > face.side / 2:
            return nothing
        return np.column_stack([shoulders, points[1:, 2]])

    def close(self) -> None:
        """Free the graph."""
        self._network.close()


def body_square(face: SquareCrop, width: int, height: int) -> SquareCrop:
    """Square that contains a person's shoulders and gestures, from the square of the face, shifted into the frame."""
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

    The pose estimates give the positions of the shoulders, the clothes' motion interpolates between them.

    Args:
        looks: shoulders (x, y, confidence) in frames with a pose estimate, else NaN.
        motion: affine map of the torso's points from the frame before, full-frame px; NaN where unknown.
        landmarks: face landmarks, full-frame px.
        visible: frames to compute; the others become NaN.
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
    """Shoulders in the n frames of a run, from pose estimates in some of them."""
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
    """Interpolate values that are known at some frames."""
    columns = [np.interp(frames, at, column) for column in values.reshape(len(at), -1).T]
    return np.column_stack(columns).reshape(len(frames), *values.shape[1:])


def _within(centre: float, side: float, length: int) -> float:
    if side >= length:
        return length / 2
    return float(np.clip(centre, side / 2, length - side / 2))
