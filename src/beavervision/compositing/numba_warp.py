"""Compiled warps for the CPU: interpolation of a flow and cubic resampling in one pass.

They compute what `detail_transfer.landmark_flows` and `detail_transfer.warp_by_flow` compute. OpenCV rounds positions
to 1/32 of a pixel; these kernels do not, so single pixel values differ by a few units at sharp edges.
"""
# ruff: noqa: ANN001, ANN201, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit

KEYS = np.float32(-0.75)
"""Parameter of the cubic kernel (Keys, 1981), as in OpenCV."""
ZERO, HALF, ONE, WHITE = np.float32(0), np.float32(0.5), np.float32(1), np.float32(255)
FAST = {"contract", "nsz"}
"""Fused multiply-add; sums keep their order, so results are the same on every run."""


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def cubic_weights(t):
    """Weights of the four neighbours of a position at fraction `t` between the inner two."""
    a = KEYS
    s, u, v = ONE + t, ONE - t, np.float32(2) - t
    first = ((a * s - np.float32(5) * a) * s + np.float32(8) * a) * s - np.float32(4) * a
    second = ((a + np.float32(2)) * t - (a + np.float32(3))) * t * t + ONE
    third = ((a + np.float32(2)) * u - (a + np.float32(3))) * u * u + ONE
    fourth = ((a * v - np.float32(5) * a) * v + np.float32(8) * a) * v - np.float32(4) * a
    return first, second, third, fourth


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def _row_sample(picture, row, columns, weights):
    """Colour between four neighbours of one row."""
    a, b, c, d = columns
    w, x, y, z = weights
    red = w * picture[row, a, 0] + x * picture[row, b, 0] + y * picture[row, c, 0] + z * picture[row, d, 0]
    green = w * picture[row, a, 1] + x * picture[row, b, 1] + y * picture[row, c, 1] + z * picture[row, d, 1]
    blue = w * picture[row, a, 2] + x * picture[row, b, 2] + y * picture[row, c, 2] + z * picture[row, d, 2]
    return red, green, blue


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def _neighbours(place, size):
    """Indices of the four neighbours of a position, the border repeated; unsigned, which numba need not check."""
    last = size - 1
    return (
        np.uint64(min(max(place - 1, 0), last)),
        np.uint64(min(max(place, 0), last)),
        np.uint64(min(max(place + 1, 0), last)),
        np.uint64(min(max(place + 2, 0), last)),
    )


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def cubic_sample(picture, x, y):
    """Colour of a picture [H, W, 3] at an array position; the border is repeated."""
    left, top = np.int64(np.floor(x)), np.int64(np.floor(y))
    across, down = cubic_weights(x - np.float32(left)), cubic_weights(y - np.float32(top))
    columns, rows = _neighbours(left, picture.shape[1]), _neighbours(top, picture.shape[0])
    a, b, c, d = rows
    p, q, r, s = down
    red0, green0, blue0 = _row_sample(picture, a, columns, across)
    red1, green1, blue1 = _row_sample(picture, b, columns, across)
    red2, green2, blue2 = _row_sample(picture, c, columns, across)
    red3, green3, blue3 = _row_sample(picture, d, columns, across)
    return (
        p * red0 + q * red1 + r * red2 + s * red3,
        p * green0 + q * green1 + r * green2 + s * green3,
        p * blue0 + q * blue1 + r * blue2 + s * blue3,
    )


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def flow_at(coarse, step, x, y):
    """Displacement at pixel (x, y), whose centre is at +0.5; grid point k stands at k * step."""
    u, v = (np.float32(x) + HALF) / step, (np.float32(y) + HALF) / step
    left = min(np.int64(u), coarse.shape[1] - 2)
    top = min(np.int64(v), coarse.shape[0] - 2)
    a, b = u - np.float32(left), v - np.float32(top)
    i, j = np.uint64(left), np.uint64(top)
    one = np.uint64(1)
    p, q = (ONE - a) * (ONE - b), a * (ONE - b)
    r, s = (ONE - a) * b, a * b
    dx = p * coarse[j, i, 0] + q * coarse[j, i + one, 0] + r * coarse[j + one, i, 0] + s * coarse[j + one, i + one, 0]
    dy = p * coarse[j, i, 1] + q * coarse[j, i + one, 1] + r * coarse[j + one, i, 1] + s * coarse[j + one, i + one, 1]
    return dx, dy


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def to_byte(value):
    """Pixel value nearest to a number."""
    return np.uint8(min(max(value, ZERO), WHITE) + HALF)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def warp_pictures(pictures, coarse, step, result) -> None:
    """Pictures whose pixel q shows what stood at q + flow(q).

    Args:
        pictures: uint8 or float32 [R, H, W, 3].
        coarse: float32 [R, rows, columns, 2], flows on a grid of points k * step.
        step: float32, px.
        result: uint8 [R, H, W, 3].
    """
    for n in range(len(pictures)):
        picture, flow, made = pictures[n], coarse[n], result[n]
        for y in range(made.shape[0]):
            for x in range(made.shape[1]):
                dx, dy = flow_at(flow, step, x, y)
                red, green, blue = cubic_sample(picture, np.float32(x) + dx, np.float32(y) + dy)
                made[y, x, 0], made[y, x, 1], made[y, x, 2] = to_byte(red), to_byte(green), to_byte(blue)
