"""Face crops as the public SyncNet expects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import median_filter

from beavervision.metrics.syncnet_v2 import FACE_SIDE

# Values of the authors' pipeline.
MARGIN = 0.4
"""Margin on either side, relative to half the box side; doubled below, so that chin and neck are visible."""
STEADY = 13
"""Length of the median filter over the boxes' position and size, frames."""
BORDER = (110, 110, 110)
"""Grey value beyond the image border."""


def crop_corners(boxes: Float[np.ndarray, "T 4"]) -> Float[np.ndarray, "T 3"]:
    """Left edge, top edge and side of the square crops, px.

    Args:
        boxes: x0 y0 x1 y1 of the face from forehead to chin, full-frame px.

    Example:
        >>> crop_corners(np.array([[10.0, 20.0, 30.0, 40.0]] * 13))[0]
        array([ 6., 20., 28.])
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    half, middle = sides.max(1) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    steady = median_filter(np.column_stack([middle, half]), (STEADY, 1), mode="nearest")
    x, y, half = steady.T
    return np.column_stack([x - (1 + MARGIN) * half, y - half, 2 * (1 + MARGIN) * half])


def face_crops(
    frames: Iterable[UInt8[np.ndarray, "H W 3"]], boxes: Float[np.ndarray, "T 4"]
) -> Iterator[UInt8[np.ndarray, "224 224 3"]]:
    """Yield one crop per frame.

    Args:
        frames: RGB frames of the video, one per box.
        boxes: see `crop_corners`.
    """
    for frame, (left, top, side) in zip(frames, crop_corners(boxes), strict=True):
        scale = FACE_SIDE / side
        # OpenCV puts pixel centres at integers; ours are at +0.5.
        matrix = np.array([[scale, 0, (0.5 - left) * scale - 0.5], [0, scale, (0.5 - top) * scale - 0.5]])
        size = (FACE_SIDE, FACE_SIDE)
        yield cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_LINEAR, borderValue=BORDER)
