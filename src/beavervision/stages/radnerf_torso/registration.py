"""Image registration of the body, which corrects the tracked shoulders frame by frame.

The pose model's shoulders are off by a few pixels, differently in every frame. A texture in their frame of reference
would be the mean of many shifted copies, and fine knit would become stripes. Therefore the body of one frame is
registered with every other frame, and the keypoints are moved with it.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter1d

from beavervision.artifacts.crops import Crops
from beavervision.stages.radnerf_torso.conditioner import similarity_transform
from beavervision.stages.source_track import SourceTrack
from beavervision.types import Label

CORNERS = 400
"""Number of tracked corners (Shi & Tomasi 1994); plain clothes have fewer."""
QUALITY, APART = 0.003, 4
"""Smallest strength of a corner relative to the strongest; distance between two, px of the canvas (knit has many)."""
WINDOW, LEVELS = 17, 2
"""Window around a corner in px, and pyramid levels (Lucas & Kanade 1981, pyramids by Bouguet 2001): motions of up to
about a fifth of a 256 px canvas are found."""
STRAY = 1.0
"""Tolerance of a corner's motion relative to the common one, px (RANSAC)."""
LEAST, SHARE = 20, 0.3
"""Smallest number of corners, and smallest share of the tracked ones, that must move together: otherwise arms or folds
moved, not the body."""
INSIDE = 5
"""Margin at the body's outline without corners, px: the background behind it moves differently."""
SIGMA = 1.5
"""Standard deviation of the temporal smoothing, frames: shoulders are inert."""


def registered_body(track: SourceTrack, crops: Crops, frames: np.ndarray, reference: int) -> Float[np.ndarray, "T 3 2"]:
    """The track's body keypoints, moved with the registered image of the body.

    Where registration fails, the keypoints take the correction of neighbouring frames; if it fails in all frames, they
    are unchanged.

    Args:
        track: track of the footage.
        crops: its frames on a canvas.
        frames: visible frames, ascending.
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
    """The body in the reference frame, to be found in other frames.

    Coordinates are those of the canvas, with pixel centres at +0.5; OpenCV's differ by half a pixel.
    """

    def __init__(self, grey: UInt8[np.ndarray, "H W"], corners: Float[np.ndarray, "K 1 2"]) -> None:
        self._grey, self._corners = grey, corners

    @classmethod
    def of(cls, crops: Crops, frame: int) -> _Body | None:
        """The body of a frame; None where there are too few corners."""
        mask = cv2.erode(_torso(crops, frame), np.ones((INSIDE, INSIDE), np.uint8))
        grey = _grey(crops, frame)
        corners = cv2.goodFeaturesToTrack(grey, CORNERS, QUALITY, APART, mask=mask, blockSize=INSIDE)
        return None if corners is None or len(corners) < LEAST else cls(grey, corners)

    def found_in(self, crops: Crops, frame: int, start: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"] | None:
        """Similarity that maps the body to another frame; None where registration fails.

        Args:
            crops: the footage on the canvas.
            frame: index of the other frame.
            start: initial estimate of the similarity.
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
