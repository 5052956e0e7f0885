"""Face crops as the public SyncNet expects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import median_filter

from beavervision.metrics.syncnet_v2 import FACE_SIDE

# Figures of its authors' pipeline.
MARGIN = 0.4
"""Of the box's half side, added on either side; twice below, so that chin and neck are seen."""
STEADY = 13
"""Frames of the median filter over the boxes' place and size."""
BORDER = (110, 110, 110)
"""Grey beyond the picture."""


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
    """Yield one crop a frame.

    Args:
        frames: of the film, RGB; as many as boxes.
        boxes: as in `crop_corners`.
    """
    for frame, (left, top, side) in zip(frames, crop_corners(boxes), strict=True):
        scale = FACE_SIDE / side
        # OpenCV puts pixel centres at whole numbers; ours lie at +0.5.
        matrix = np.array([[scale, 0, (0.5 - left) * scale - 0.5], [0, scale, (0.5 - top) * scale - 0.5]])
        size = (FACE_SIDE, FACE_SIDE)
        yield cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_LINEAR, borderValue=BORDER)
