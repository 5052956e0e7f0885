"""Shoulders by the picture: where the clothes really are, frame by frame.

The pose model's shoulders are off by a few pixels, and otherwise in every frame: a texture that is learnt in their
frame of reference is the mean of many that lie side by side, and fine knit becomes stripes. So the body of one frame
is found again in every other, and the keypoints are carried along with it.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter1d

from beavervision.artifacts.crops import Crops
from beavervision.stages.radnerf_torso.conditioner import similarity_transform
from beavervision.stages.radnerf_torso.source_track import SourceTrack
from beavervision.types import Label

CORNERS = 400
"""Corners that are followed (Shi & Tomasi 1994); plain clothes have fewer."""
QUALITY, APART = 0.003, 4
"""Strength of the weakest corner as a share of the strongest's; px of the canvas between two: knit counts."""
WINDOW, LEVELS = 17, 2
"""Px round a corner that are compared, and halvings of the picture (Lucas & Kanade 1981, pyramids by Bouguet 2001):
finds what has moved by up to about a fifth of a 256 px canvas."""
STRAY = 1.0
"""Px by which a corner may miss the common movement (RANSAC)."""
LEAST, SHARE = 20, 0.3
"""Corners, and the share of those followed, that have to move together: otherwise arms or folds moved, not the body."""
INSIDE = 5
"""Px at the body's outline that are not followed: it moves before its background."""
SIGMA = 1.5
"""Smoothing of what is found, frames: shoulders are heavy."""


def registered_body(track: SourceTrack, crops: Crops, frames: np.ndarray, reference: int) -> Float[np.ndarray, "T 3 2"]:
    """The track's body keypoints, carried along by the picture of the body.

    Where the body cannot be found again, the keypoints keep the correction of the frames round them; footage in which
    it never can keeps them as they are.

    Args:
        track: the footage.
        crops: its frames on a canvas.
        frames: visible ones, rising.
        reference: one of them, with few hands.

    Returns:
        Keypoints in full-frame px.
    """
    on_canvas = (track.body - track.path[:, None, :2]) * track.path[:, None, 2:]
    body = _Body.of(crops, reference)
    if body is None:
        return track.body
    found, corrections = [reference], [np.zeros((3, 2))]
    for t in frames:
        start = similarity_transform(on_canvas[reference][None], on_canvas[t])[0]
        where = body.found_in(crops, int(t), start)
        if where is not None and t != reference:
            carried = on_canvas[reference] @ where[:, :2].T + where[:, 2]
            found.append(int(t))
            corrections.append(carried - on_canvas[t])
    if len(found) < max(2, SHARE * len(frames)):
        return track.body
    order = np.argsort(found)
    known, values = np.asarray(found)[order], np.stack(corrections)[order].reshape(len(found), -1)
    every = np.arange(track.n_frames)
    whole = np.stack([np.interp(every, known, column) for column in values.T], 1)
    smooth = gaussian_filter1d(on_canvas + whole.reshape(-1, 3, 2), SIGMA, axis=0, mode="nearest")
    return smooth / track.path[:, None, 2:] + track.path[:, None, :2]


class _Body:
    """The body in one frame: what is looked for in others.

    Coordinates are the canvas's, pixel centres at +0.5; OpenCV's lie half a pixel beside them.
    """

    def __init__(self, grey: UInt8[np.ndarray, "H W"], corners: Float[np.ndarray, "K 1 2"]) -> None:
        self._grey, self._corners = grey, corners

    @classmethod
    def of(cls, crops: Crops, frame: int) -> _Body | None:
        """The body of a frame; None where there is too little to follow."""
        mask = cv2.erode(_torso(crops, frame), np.ones((INSIDE, INSIDE), np.uint8))
        grey = _grey(crops, frame)
        corners = cv2.goodFeaturesToTrack(grey, CORNERS, QUALITY, APART, mask=mask, blockSize=INSIDE)
        return None if corners is None or len(corners) < LEAST else cls(grey, corners)

    def found_in(self, crops: Crops, frame: int, start: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"] | None:
        """Similarity that carries the body to where it is in another frame; None where it is not found.

        Args:
            crops: the footage.
            frame: which frame.
            start: about where it is.
        """
        shifted = start.copy()
        shifted[:, 2] += start[:, :2] @ [0.5, 0.5] - 0.5
        height, width = self._grey.shape
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        picture = cv2.warpAffine(
            _grey(crops, frame), shifted, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        torso = cv2.warpAffine(
            _torso(crops, frame), shifted, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        there, seen, _ = cv2.calcOpticalFlowPyrLK(  # pyright: ignore[reportCallIssue]  # the stub lacks nextPts=None
            self._grey,
            picture,
            self._corners,
            None,  # pyright: ignore[reportArgumentType]  # likewise
            winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS,
        )
        columns, rows = (np.clip(there[:, 0, i].astype(int), 0, side - 1) for i, side in ((0, width), (1, height)))
        good = (seen[:, 0] > 0) & (torso[rows, columns] > 0)
        if good.sum() < LEAST:
            return None
        step, together = cv2.estimateAffinePartial2D(
            self._corners[good], there[good], method=cv2.RANSAC, ransacReprojThreshold=STRAY
        )
        if step is None or together.sum() < max(LEAST, SHARE * good.sum()):
            return None
        step[:, 2] += 0.5 - step[:, :2] @ [0.5, 0.5]
        return np.column_stack([start[:, :2] @ step[:, :2], start[:, :2] @ step[:, 2] + start[:, 2]])


def _grey(crops: Crops, frame: int) -> UInt8[np.ndarray, "H W"]:
    return cv2.cvtColor(np.asarray(crops.rgb[frame]), cv2.COLOR_RGB2GRAY)


def _torso(crops: Crops, frame: int) -> UInt8[np.ndarray, "H W"]:
    return (np.asarray(crops.labels[frame]) == Label.TORSO).astype(np.uint8)
