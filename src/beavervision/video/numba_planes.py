"""Changed pixels into the planes of a 4:2:0 frame (BT.709 or BT.601, 8 bits, limited range), compiled for the CPU."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def store_changed(
    before: UInt8[np.ndarray, "h w 3"],
    after: UInt8[np.ndarray, "h w 3"],
    left: int,
    top: int,
    weights: Float[np.ndarray, "2"],
    luma: UInt8[np.ndarray, "H W"],
    blue: UInt8[np.ndarray, "h2 w2"],
    red: UInt8[np.ndarray, "h2 w2"],
) -> None:
    """Store the pixels that differ: luma of each, colour of each block of 2 x 2 that holds one.

    Args:
        before: pixels of a part of the frame, as they were.
        after: as they are now.
        left: column of the part in the frame, even.
        top: row of the part in the frame, even.
        weights: of red and blue in luma.
        luma: plane of the frame, in the limited range.
        blue: plane of the frame.
        red: plane of the frame.
    """
    r_share, b_share = weights[0], weights[1]
    g_share = np.float32(1) - r_share - b_share
    quarter, half = np.float32(0.25), np.float32(0.5)
    to_luma = np.float32(219 / 255)
    to_blue = np.float32(224 / 255 / 2) / (np.float32(1) - b_share)
    to_red = np.float32(224 / 255 / 2) / (np.float32(1) - r_share)
    for y in range(0, before.shape[0], 2):
        for x in range(0, before.shape[1], 2):
            changed = False
            r, g, b = np.float32(0), np.float32(0), np.float32(0)
            for j in range(2):
                for i in range(2):
                    old, new = before[y + j, x + i], after[y + j, x + i]
                    r += np.float32(new[0])
                    g += np.float32(new[1])
                    b += np.float32(new[2])
                    if old[0] != new[0] or old[1] != new[1] or old[2] != new[2]:
                        changed = True
                        light = (
                            r_share * np.float32(new[0]) + g_share * np.float32(new[1]) + b_share * np.float32(new[2])
                        )
                        luma[top + y + j, left + x + i] = np.uint8(np.float32(16) + to_luma * light + half)
            if changed:
                r, g, b = quarter * r, quarter * g, quarter * b
                light = r_share * r + g_share * g + b_share * b
                blue[(top + y) // 2, (left + x) // 2] = np.uint8(np.float32(128) + to_blue * (b - light) + half)
                red[(top + y) // 2, (left + x) // 2] = np.uint8(np.float32(128) + to_red * (r - light) + half)
