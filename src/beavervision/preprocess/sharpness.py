"""Measures the sharpness of a face."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop

SIZE = 64
"""Size of the crop in which sharpness is measured, px: details of 1/64 of a face, where blur begins to move landmarks
and where film grain and coding noise are gone."""

FAINT = 4.0
"""Contrast below which sharpness is undefined, grey values."""


def sharpness(rgb: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"]) -> float:
    """Contrast of the finest details of a face relative to its total contrast; about 0.5 for a sharp one.

    Details are the geometric mean of the second differences in both directions, so that motion blur, which preserves
    one of them, is detected. The value does not depend on the light, nor on the face's size above SIZE pixels.

    Args:
        rgb: the frame.
        box: x0 y0 x1 y1 of the face's landmarks, px.
    """
    crop = SquareCrop.round_box(box, margin=1.0).cut(rgb, SIZE)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = np.diff(grey, 2, axis=1), np.diff(grey, 2, axis=0)
    return float(np.sqrt(across.std() * down.std()) / max(float(grey.std()), FAINT))
