"""Grid encoding for the CPU: three kernels (features, gradient of the table, gradient of the points).

Points pass through one level after another in blocks, so that a level's table stays in the cache. A 2-D grid is the
lower plane of a 3-D one. Each kernel has one writer for every number it writes, so sums always run in the same order
and results are the same bits whatever the number of threads. Indices are unsigned: numba would otherwise look for
negative ones at every access. Two features an entry, the usual number, have their own branch: a loop of unknown
length would cost a factor of four.
"""
# ruff: noqa: ANN001, ANN202, ANN201 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit, prange

from beavervision.nerf.backends.torch import PRIMES

P0, P1, P2 = (np.uint64(prime) for prime in PRIMES[:3])
BLOCK = 4096


@njit(inline="always")
def _factors(strides, hashed, level):
    """What each axis's lattice coordinate is multiplied by before the axes are joined."""
    if hashed[level]:
        return P0, P1, P2
    # The last axis of a 2-D grid stands in for its third, which is never read.
    return np.uint64(strides[level, 0]), np.uint64(strides[level, 1]), np.uint64(strides[level, -1])


@njit(inline="always")
def _axis(coordinate, scale, half, factor):
    """Both lattice neighbours along an axis, multiplied by `factor`, and the distance from the lower one."""
    position = coordinate * scale + half
    floor = np.floor(position)
    low = np.uint64(np.int64(floor)) * factor
    return low, low + factor, position - floor


@njit(inline="always")
def _entry(x, y, z, hashed, entries):
    """Entry within its level of one lattice point."""
    if hashed:
        # 2^n entries: modulo is a mask, and what overflows lies above it.
        return (x ^ y ^ z) & (entries - np.uint64(1))
    index = x + y + z
    return index if index < entries else index % entries


@njit(inline="always")
def _plane(table, f, e00, e10, e01, e11, wx, wy):
    """Bilinear value of feature `f` on one z plane, and its derivatives along x and y."""
    low, high = table[e00, f], table[e10, f]
    near = low + wx * (high - low)
    slope_near = high - low
    low, high = table[e01, f], table[e11, f]
    away = low + wx * (high - low)
    return near + wy * (away - near), slope_near + wy * ((high - low) - slope_near), away - near


@njit(inline="always")
def _value(table, f, at, wx, wy, wz, deep):
    """Interpolated value of feature `f`."""
    value = _plane(table, f, at[0], at[1], at[2], at[3], wx, wy)[0]
    if deep:
        value += wz * (_plane(table, f, at[4], at[5], at[6], at[7], wx, wy)[0] - value)
    return value


@njit(inline="always")
def _pull(table, f, at, wx, wy, wz, deep, push, out, i):
    """Add to row `i` of `out` what feature `f` does to the point, `push` being its gradient."""
    value, along_x, along_y = _plane(table, f, at[0], at[1], at[2], at[3], wx, wy)
    if deep:
        other, other_x, other_y = _plane(table, f, at[4], at[5], at[6], at[7], wx, wy)
        along_x += wz * (other_x - along_x)
        along_y += wz * (other_y - along_y)
        out[i, 2] += push * (other - value)
    out[i, 0] += push * along_x
    out[i, 1] += push * along_y


@njit(inline="always")
def _push(out, f, at, wx, wy, wz, deep, push):
    """Add to feature `f` of the corners their shares of the gradient `push`."""
    high = push * wz if deep else push - push
    low = push - high
    low_y, high_y = low * wy, high * wy
    low_x, low_xy, high_x, high_xy = (low - low_y) * wx, low_y * wx, (high - high_y) * wx, high_y * wx
    out[at[0], f] += low - low_y - low_x
    out[at[1], f] += low_x
    out[at[2], f] += low_y - low_xy
    out[at[3], f] += low_xy
    if deep:
        out[at[4], f] += high - high_y - high_x
        out[at[5], f] += high_x
        out[at[6], f] += high_y - high_xy
        out[at[7], f] += high_xy


@njit(inline="always")
def _corners(x0, x1, y0, y1, z0, z1, hashed, entries, first):
    """Entries in the table of the eight corners of a cell, x fastest."""
    return (
        first + _entry(x0, y0, z0, hashed, entries),
        first + _entry(x1, y0, z0, hashed, entries),
        first + _entry(x0, y1, z0, hashed, entries),
        first + _entry(x1, y1, z0, hashed, entries),
        first + _entry(x0, y0, z1, hashed, entries),
        first + _entry(x1, y0, z1, hashed, entries),
        first + _entry(x0, y1, z1, hashed, entries),
        first + _entry(x1, y1, z1, hashed, entries),
    )


@njit(parallel=True, cache=True, error_model="numpy")
def encode(points, table, scales, strides, hashed, entries, offsets, features):
    """Write the features [N, L * F] of `points` [N, D]."""
    n, deep, width, half = len(points), points.shape[1] == 3, table.shape[1], points.dtype.type(0.5)
    for block in prange((n + BLOCK - 1) // BLOCK):
        for level in range(len(scales)):
            scale, mixed, size, first = (
                scales[level],
                hashed[level],
                np.uint64(entries[level]),
                np.uint64(offsets[level]),
            )
            fx, fy, fz = _factors(strides, hashed, level)
            for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
                x0, x1, wx = _axis(points[i, 0], scale, half, fx)
                y0, y1, wy = _axis(points[i, 1], scale, half, fy)
                z0, z1, wz = np.uint64(0), np.uint64(0), half
                if deep:
                    z0, z1, wz = _axis(points[i, 2], scale, half, fz)
                at = _corners(x0, x1, y0, y1, z0, z1, mixed, size, first)
                if width == 2:
                    features[i, 2 * level] = _value(table, 0, at, wx, wy, wz, deep)
                    features[i, 2 * level + 1] = _value(table, 1, at, wx, wy, wz, deep)
                else:
                    for f in range(width):
                        features[i, level * width + f] = _value(table, f, at, wx, wy, wz, deep)


@njit(parallel=True, cache=True, error_model="numpy")
def table_gradient(points, gradient, scales, strides, hashed, entries, offsets, order, out):
    """Add to `out` [E, F] the gradient of the table; `order` deals the levels out evenly to the threads."""
    n, deep, width = len(points), points.shape[1] == 3, out.shape[1]
    half = points.dtype.type(0.5)
    for task in prange(len(order)):
        level = order[task]
        scale, mixed, size, first = scales[level], hashed[level], np.uint64(entries[level]), np.uint64(offsets[level])
        fx, fy, fz = _factors(strides, hashed, level)
        for i in range(n):
            x0, x1, wx = _axis(points[i, 0], scale, half, fx)
            y0, y1, wy = _axis(points[i, 1], scale, half, fy)
            z0, z1, wz = np.uint64(0), np.uint64(0), half
            if deep:
                z0, z1, wz = _axis(points[i, 2], scale, half, fz)
            at = _corners(x0, x1, y0, y1, z0, z1, mixed, size, first)
            if width == 2:
                _push(out, 0, at, wx, wy, wz, deep, gradient[i, 2 * level])
                _push(out, 1, at, wx, wy, wz, deep, gradient[i, 2 * level + 1])
            else:
                for f in range(width):
                    _push(out, f, at, wx, wy, wz, deep, gradient[i, level * width + f])


@njit(parallel=True, cache=True, error_model="numpy")
def point_gradient(points, table, gradient, scales, strides, hashed, entries, offsets, out):
    """Write the gradient of the points [N, D] into `out`, which holds zeros."""
    n, deep, width, half = len(points), points.shape[1] == 3, table.shape[1], points.dtype.type(0.5)
    for block in prange((n + BLOCK - 1) // BLOCK):
        for level in range(len(scales)):
            scale, mixed, size, first = (
                scales[level],
                hashed[level],
                np.uint64(entries[level]),
                np.uint64(offsets[level]),
            )
            fx, fy, fz = _factors(strides, hashed, level)
            for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
                x0, x1, wx = _axis(points[i, 0], scale, half, fx)
                y0, y1, wy = _axis(points[i, 1], scale, half, fy)
                z0, z1, wz = np.uint64(0), np.uint64(0), half
                if deep:
                    z0, z1, wz = _axis(points[i, 2], scale, half, fz)
                at = _corners(x0, x1, y0, y1, z0, z1, mixed, size, first)
                if width == 2:
                    _pull(table, 0, at, wx, wy, wz, deep, gradient[i, 2 * level] * scale, out, i)
                    _pull(table, 1, at, wx, wy, wz, deep, gradient[i, 2 * level + 1] * scale, out, i)
                else:
                    for f in range(width):
                        _pull(table, f, at, wx, wy, wz, deep, gradient[i, level * width + f] * scale, out, i)
