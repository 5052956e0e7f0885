"""How sharp a face is in the picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.square import Square

SIZE = 128
"""Pixels of the crop in which sharpness is measured: a face that is larger is made smaller first."""

FAINT = 4.0
"""Grey values of contrast below which there is nothing to be sharp."""


def sharpness(rgb: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"]) -> float:
    """Standard deviation of the Laplacian over that of the grey values, in a crop of the face.

    The contrast of the light cancels out; the size of the face does so only above SIZE pixels.

    Args:
        rgb: the frame.
        box: x0 y0 x1 y1 of the face's landmarks, px.
    """
    crop = Square.round_box(box, margin=1.0).cut(rgb, SIZE)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(float(grey.std()), FAINT))
