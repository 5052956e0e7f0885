"""Measure how sharp a face is in the picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop

SIZE = 64
"""Pixels of the crop in which sharpness is measured: details of 1/64 of a face, where blur begins to move landmarks
and where the noise of film and codec is gone."""

FAINT = 4.0
"""Grey values of contrast below which there is nothing to be sharp."""


def sharpness(rgb: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"]) -> float:
    """Contrast of the finest details of a face over its contrast as a whole; about 0.5 for a sharp one.

    Details are second differences across and down, their geometric mean taken, so that motion blur, which leaves one
    of them as it is, is seen. The strength of the light cancels out; so does the size of the face above SIZE pixels.

    Args:
        rgb: the frame.
        box: x0 y0 x1 y1 of the face's landmarks, px.
    """
    crop = SquareCrop.round_box(box, margin=1.0).cut(rgb, SIZE)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = np.diff(grey, 2, axis=1), np.diff(grey, 2, axis=0)
    return float(np.sqrt(across.std() * down.std()) / max(float(grey.std()), FAINT))
