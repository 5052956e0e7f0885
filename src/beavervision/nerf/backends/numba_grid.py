"""Grid encoding for the CPU: three kernels (features, gradient of the table, gradient of the points).

Random memory reads dominate the time, so the loops are ordered for the cache: many points are encoded at one level
before the next level, while that level's table stays in the cache. Each output value is written by one thread only, so
sums always run in the same order and results are bit-identical for any number of threads. Features are processed in
pairs, the usual number per entry: a loop of unknown length would be four times slower. The work of a thread is a
separate function, because the compiler does not vectorise the body of a parallel loop.
"""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit, prange

from beavervision.nerf.backends.numba_cells import locate_cells, table_rows

CHUNK = 256
"""Number of points that are located together; their corners fit in the L1 cache."""

BLOCK = 32768
"""Number of points that a thread encodes at one level before it goes on to the next. Blocks this large read each entry
of a level more than once while it is cached; a block of 1024 reads the whole table from memory again and takes 2.5
times as long (measured)."""


def block_size(points: int, threads: int) -> int:
    """Number of points of a block: a whole number of chunks, and at least one block for each thread.

    Example:
        >>> block_size(1_000_000, 2), block_size(1000, 2)
        (32768, 512)
    """
    return max(1, min(BLOCK // CHUNK, -(-points // (threads * CHUNK)))) * CHUNK


@njit(inline="always")
def _plane(table, f, corners, first, j, wx, wy):
    """Bilinear value of feature `f` on the z plane of four corners, and its derivatives along x and y."""
    low, high = table[corners[first, j], f], table[corners[first + 1, j], f]
    slope_near = high - low
    near = low + wx * slope_near
    low, high = table[corners[first + 2, j], f], table[corners[first + 3, j], f]
    away = low + wx * (high - low)
    return near + wy * (away - near), slope_near + wy * ((high - low) - slope_near), away - near


@njit(inline="always")
def _value(table, f, corners, shares, j, deep):
    """Interpolated value of feature `f` at point `j` of the chunk."""
    wx, wy = shares[0, j], shares[1, j]
    value = _plane(table, f, corners, 0, j, wx, wy)[0]
    if deep:
        value += shares[2, j] * (_plane(table, f, corners, 4, j, wx, wy)[0] - value)
    return value


@njit(inline="always")
def _pull(table, f, corners, shares, j, deep, push, out):
    """Add to column `j` of `out` [3, CHUNK] the gradient of point `j` caused by the gradient `push` of feature `f`."""
    wx, wy = shares[0, j], shares[1, j]
    value, along_x, along_y = _plane(table, f, corners, 0, j, wx, wy)
    if deep:
        other, other_x, other_y = _plane(table, f, corners, 4, j, wx, wy)
        along_x += shares[2, j] * (other_x - along_x)
        along_y += shares[2, j] * (other_y - along_y)
        out[2, j] += push * (other - value)
    out[0, j] += push * along_x
    out[1, j] += push * along_y


@njit(inline="always")
def _push(out, f, corners, shares, j, deep, push):
    """Add to feature `f` of the corners their interpolation weights times the gradient `push`."""
    wx, wy = shares[0, j], shares[1, j]
    high = push * shares[2, j] if deep else push - push
    low = push - high
    low_y, high_y = low * wy, high * wy
    low_x, low_xy, high_x, high_xy = (low - low_y) * wx, low_y * wx, (high - high_y) * wx, high_y * wx
    out[corners[0, j], f] += low - low_y - low_x
    out[corners[1, j], f] += low_x
    out[corners[2, j], f] += low_y - low_xy
    out[corners[3, j], f] += low_xy
    if deep:
        out[corners[4, j], f] += high - high_y - high_x
        out[corners[5, j], f] += high_x
        out[corners[6, j], f] += high_y - high_xy
        out[corners[7, j], f] += high_xy


@njit(inline="always")
def _blend_chunk(table, corners, shares, features, deep):
    width = table.shape[1]
    for f in range(0, width - 1, 2):
        for j in range(len(features)):
            features[j, f] = _value(table, f, corners, shares, j, deep)
            features[j, f + 1] = _value(table, f + 1, corners, shares, j, deep)
    if width % 2:
        for j in range(len(features)):
            features[j, width - 1] = _value(table, width - 1, corners, shares, j, deep)


@njit(cache=True, error_model="numpy")
def _blend_all(table, corners, shares, features, deep):
    """Write the features [n, F] of the chunk's first n points."""
    # Each call is compiled for its number of dimensions: a branch in the loop would be ten times slower (measured).
    if deep:
        _blend_chunk(table, corners, shares, features, deep=True)
    else:
        _blend_chunk(table, corners, shares, features, deep=False)


@njit(inline="always")
def _push_chunk(out, corners, shares, gradient, deep):
    width = out.shape[1]
    for f in range(0, width - 1, 2):
        for j in range(len(gradient)):
            _push(out, f, corners, shares, j, deep, gradient[j, f])
            _push(out, f + 1, corners, shares, j, deep, gradient[j, f + 1])
    if width % 2:
        for j in range(len(gradient)):
            _push(out, width - 1, corners, shares, j, deep, gradient[j, width - 1])


@njit(cache=True, error_model="numpy")
def _push_all(out, corners, shares, gradient, deep):
    """Add to the table's gradient that of the chunk's first n points, from their features' gradient [n, F]."""
    # As in `_blend_all`.
    if deep:
        _push_chunk(out, corners, shares, gradient, deep=True)
    else:
        _push_chunk(out, corners, shares, gradient, deep=False)


@njit(inline="always")
def _pull_chunk(table, corners, shares, scale, gradient, out, deep):
    width = table.shape[1]
    for f in range(0, width - 1, 2):
        for j in range(len(gradient)):
            _pull(table, f, corners, shares, j, deep, gradient[j, f] * scale, out)
            _pull(table, f + 1, corners, shares, j, deep, gradient[j, f + 1] * scale, out)
    if width % 2:
        for j in range(len(gradient)):
            _pull(table, width - 1, corners, shares, j, deep, gradient[j, width - 1] * scale, out)


@njit(cache=True, error_model="numpy")
def _pull_all(table, corners, shares, scale, gradient, out, deep):
    """Add to `out` [3, CHUNK] the gradient of the chunk's first n points, from their features' gradient [n, F]."""
    # As in `_blend_all`.
    if deep:
        _pull_chunk(table, corners, shares, scale, gradient, out, deep=True)
    else:
        _pull_chunk(table, corners, shares, scale, gradient, out, deep=False)


@njit(inline="always")
def _room(dtype):
    """Allocate the buffers of a chunk: points, lattice coordinates, corners, interpolation weights."""
    return (
        np.empty((3, CHUNK), dtype),
        np.empty((3, CHUNK), np.uint32),
        np.empty((8, CHUNK), np.uint32),
        np.empty((3, CHUNK), dtype),
    )


@njit(cache=True, error_model="numpy")
def _encode(points, table, scales, strides, kinds, offsets, features, begin, end):
    place, lows, corners, shares = _room(points.dtype)
    width = table.shape[1]
    for level in range(len(scales)):
        own = table[offsets[level] : offsets[level + 1]]
        for start in range(begin, end, CHUNK):
            count = table_rows(points, start, place)
            locate_cells(place, scales[level], strides[level], kinds[level], len(own), lows, corners, shares)
            here = features[start : start + count, level * width : (level + 1) * width]
            _blend_all(own, corners, shares, here, points.shape[1] == 3)


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def encode(points, table, scales, strides, kinds, offsets, block, features) -> None:
    """Write the features [N, L * F] of `points` [N, D], `block` of them at a time."""
    n = len(points)
    for task in prange((n + block - 1) // block):
        end = min(n, (task + 1) * block)
        _encode(points, table, scales, strides, kinds, offsets, features, task * block, end)


@njit(cache=True, error_model="numpy")
def _table_gradient(points, gradient, scale, strides, kind, own, column):
    place, lows, corners, shares = _room(points.dtype)
    for start in range(0, len(points), CHUNK):
        count = table_rows(points, start, place)
        locate_cells(place, scale, strides, kind, len(own), lows, corners, shares)
        here = gradient[start : start + count, column : column + own.shape[1]]
        _push_all(own, corners, shares, here, points.shape[1] == 3)


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def table_gradient(points, gradient, scales, strides, kinds, offsets, order, out) -> None:
    """Add the gradient of the table to `out` [E, F]; `order` distributes the levels evenly over the threads."""
    for task in prange(len(order)):
        level = order[task]
        own = out[offsets[level] : offsets[level + 1]]
        column = level * out.shape[1]
        _table_gradient(points, gradient, scales[level], strides[level], kinds[level], own, column)


@njit(cache=True, error_model="numpy")
def _point_gradient(points, table, gradient, scales, strides, kinds, offsets, begin, end, out):
    place, lows, corners, shares = _room(points.dtype)
    sums = np.zeros(((end - begin + CHUNK - 1) // CHUNK, 3, CHUNK), points.dtype)
    dims, width = points.shape[1], table.shape[1]
    for level in range(len(scales)):
        own = table[offsets[level] : offsets[level + 1]]
        for part in range(len(sums)):
            start = begin + part * CHUNK
            count = table_rows(points, start, place)
            locate_cells(place, scales[level], strides[level], kinds[level], len(own), lows, corners, shares)
            here = gradient[start : start + count, level * width : (level + 1) * width]
            _pull_all(own, corners, shares, scales[level], here, sums[part], dims == 3)
    for i in range(begin, end):
        for axis in range(dims):
            out[i, axis] = sums[(i - begin) // CHUNK, axis, (i - begin) % CHUNK]


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def point_gradient(points, table, gradient, scales, strides, kinds, offsets, block, out) -> None:
    """Write the gradient of the points [N, D] into `out`, `block` of them at a time."""
    n = len(points)
    for task in prange((n + block - 1) // block):
        end = min(n, (task + 1) * block)
        _point_gradient(points, table, gradient, scales, strides, kinds, offsets, task * block, end, out)
