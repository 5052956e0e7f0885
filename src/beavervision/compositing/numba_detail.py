"""A drawn patch laid into its frame with the footage's own detail, compiled for the CPU: only pixels that change.

It computes what `patch_geometry.warp`, `detail_transfer.transfer_detail` and `layers.blend` compute together.
"""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit

from beavervision.compositing.layers import FROM_LINEAR, LINEAR_STEPS, TO_LINEAR
from beavervision.compositing.numba_warp import FAST, HALF, ONE, ZERO, cubic_sample, flow_at, to_byte

LAST = np.float32(LINEAR_STEPS - 1)
REACH = 2
"""Pixels beyond a position that cubic interpolation reads."""


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def _place(affine, x, y):
    """Position in the patch of a pixel of the box, both as array indices."""
    return (
        affine[0, 0] * np.float32(x) + affine[0, 1] * np.float32(y) + affine[0, 2],
        affine[1, 0] * np.float32(x) + affine[1, 1] * np.float32(y) + affine[1, 2],
    )


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def _linear_sample(picture, x, y):
    """Value of a picture [H, W] at an array position; the border is repeated."""
    height, width = picture.shape
    x, y = min(max(x, ZERO), np.float32(width - 1)), min(max(y, ZERO), np.float32(height - 1))
    left, top = min(np.int64(x), width - 2), min(np.int64(y), height - 2)
    a, b = x - np.float32(left), y - np.float32(top)
    i, j, one = np.uint64(left), np.uint64(top), np.uint64(1)
    above = (ONE - a) * picture[j, i] + a * picture[j, i + one]
    below = (ONE - a) * picture[j + one, i] + a * picture[j + one, i + one]
    return (ONE - b) * above + b * below


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def matte_in_box(matte, affine, share, clear, result, spans) -> None:
    """How much of the patch shows in each pixel of a box, and where in each row anything shows.

    Args:
        matte: float32 [S, S], of the patch.
        affine: float32 [2, 3], array indices of the box to those of the patch.
        share: float32, of the whole.
        clear: float32 [h, w], 0 where something stands before the face; or [0, 0] for nothing.
        result: float32 [h, w].
        spans: int64 [h, 2], first and last column (excluded) of each row.
    """
    height, width = result.shape
    side = np.float32(matte.shape[0])
    for y in range(height):
        first, last = width, 0
        for x in range(width):
            u, v = _place(affine, x, y)
            value = ZERO
            if u > -ONE and v > -ONE and u < side and v < side:
                value = min(max(_linear_sample(matte, u, v), ZERO), ONE) * share
                if clear.size:
                    value *= clear[y, x]
            result[y, x] = value
            if value > ZERO:
                first, last = min(first, x), x + 1
        spans[y, 0], spans[y, 1] = first, last


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _grown(spans, across, down, width):
    """Spans of the pixels that lie within `across` columns and `down` rows of others."""
    height = len(spans)
    result = np.empty_like(spans)
    for y in range(height):
        first, last = width, 0
        for row in range(max(0, y - down), min(height, y + down + 1)):
            if spans[row, 1] > spans[row, 0]:
                first, last = min(first, spans[row, 0]), max(last, spans[row, 1])
        result[y, 0] = max(0, first - across)
        result[y, 1] = min(width, last + across) if last > first else 0
    return result


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def missing_detail(footage, own, affine, coarse, clear, spans, result) -> None:
    """What the rendering of the footage's own motion lacks, at all pixels that `lay_patch` reads.

    Args:
        footage: uint8 [h, w, 3], the box.
        own: float32 [S, S, 3], the patch with the footage's own motion.
        affine: see `matte_in_box`.
        clear: see `matte_in_box`.
        spans: see `matte_in_box`.
        coarse: float32 [rows, columns, 2], flow on a coarse grid; see `numba_warp.flow_at`.
        result: float32 [h, w, 3].
    """
    height, width = footage.shape[0], footage.shape[1]
    across, down = ZERO, ZERO
    for row in range(coarse.shape[0]):
        for column in range(coarse.shape[1]):
            across = max(across, abs(coarse[row, column, 0]))
            down = max(down, abs(coarse[row, column, 1]))
    wanted = _grown(spans, np.int64(across) + REACH + 1, np.int64(down) + REACH + 1, width)
    for y in range(height):
        for x in range(wanted[y, 0], wanted[y, 1]):
            u, v = _place(affine, x, y)
            red, green, blue = cubic_sample(own, u, v)
            part = clear[y, x] if clear.size else ONE
            result[y, x, 0] = (np.float32(footage[y, x, 0]) - red) * part
            result[y, x, 1] = (np.float32(footage[y, x, 1]) - green) * part
            result[y, x, 2] = (np.float32(footage[y, x, 2]) - blue) * part


@njit(nogil=True, fastmath=FAST, error_model="numpy")
def _mixed(top, bottom, share, linear, pixel):
    """Two pixel values mixed in linear light."""
    light = linear[bottom] * (ONE - share) + linear[top] * share
    return pixel[np.uint64(min(max(light, ZERO), ONE) * LAST + HALF)]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _lay(footage, new, affine, matte, spans, detail, coarse, step, lips, linear, pixel, result) -> None:
    height = footage.shape[0]
    for y in range(height):
        for x in range(spans[y, 0], spans[y, 1]):
            share = matte[y, x]
            if share <= ZERO:
                continue
            u, v = _place(affine, x, y)
            red, green, blue = cubic_sample(new, u, v)
            if detail.size:
                part = lips[y, x]
                if part > ZERO:
                    dx, dy = flow_at(coarse, step, x, y)
                    r, g, b = cubic_sample(detail, np.float32(x) + dx, np.float32(y) + dy)
                    red, green, blue = red + part * r, green + part * g, blue + part * b
            top = to_byte(red), to_byte(green), to_byte(blue)
            for c in range(3):
                value = top[c]
                if share < ONE:
                    value = _mixed(top[c], footage[y, x, c], share, linear, pixel)
                result[y, x, c] = value


def lay_patch(
    footage: np.ndarray,
    new: np.ndarray,
    affine: np.ndarray,
    matte: np.ndarray,
    spans: np.ndarray,
    carried: tuple[np.ndarray, np.ndarray, float, np.ndarray] | None,
    result: np.ndarray,
) -> None:
    """Lay a drawn patch into a box of its frame, mixed in linear light.

    Args:
        footage: uint8 [h, w, 3], the box.
        new: float32 [S, S, 3], the patch, [0, 255].
        affine: see `matte_in_box`.
        matte: see `matte_in_box`.
        spans: see `matte_in_box`.
        carried: detail (`missing_detail`), its coarse flow, the grid's step in px, and how much of it is used in each
            pixel (`detail_transfer.outside_lips`); None for none.
        result: uint8 [h, w, 3]; holds the footage, and pixels that show the patch are replaced.
    """
    none = np.zeros((0, 0, 3), np.float32), np.zeros((0, 0, 2), np.float32), 1.0, np.zeros((0, 0), np.float32)
    detail, coarse, step, lips = carried or none
    _lay(footage, new, affine, matte, spans, detail, coarse, np.float32(step), lips, TO_LINEAR, FROM_LINEAR, result)
