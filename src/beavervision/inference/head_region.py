"""Region of the head's canvas that a dub with `region=head_lower_face` takes: mouth, jaw and cheeks."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from beavervision.compositing.layers import feather, grow

OUTLINE = np.r_[3:14, 31:36]
"""iBUG points whose hull is the lower face: the jaw from cheek to cheek, and the nose's base."""
JAW = slice(4, 13)
"""Points of the jaw, by which the size of the face is told."""
ROOM = 0.10
"""Growth of the hull, in widths of the jaw: the chin's underside and the skin that follows the jaw."""
SOFT = 0.14
"""Width of the border, in widths of the jaw, over which the new lower face gives way to the old upper one."""
FRACTION_BITS = 4


def lower_region_matte(
    faces: list[Float[np.ndarray, "68 2"]], size: tuple[int, int], detail: float = 1.0
) -> Float[np.ndarray, "H W"]:
    """Soft matte of the lower face, over all of the faces given (the old mouth and the new one).

    Args:
        faces: landmarks on the canvas, px.
        size: width and height of the matte.
        detail: pixels of the matte for each pixel of the canvas.
    """
    width, height = size
    hull = cv2.convexHull(np.concatenate([face[OUTLINE] for face in faces]).astype(np.float32) * detail)
    mask = np.zeros((height, width), np.uint8)
    corners = np.round((hull - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, (1,), cv2.LINE_8, FRACTION_BITS)
    jaw = max(float(np.ptp(face[JAW, 0]) + np.ptp(face[JAW, 1])) / 1.5 for face in faces) * detail
    return feather(grow(mask.astype(bool), ROOM * jaw), SOFT * jaw)
