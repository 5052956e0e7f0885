"""Grid encoding for the CPU: three kernels (features, gradient of the table, gradient of the points).

A level's table stays in the cache while a block of points passes through it. Two-dimensional grids run as
three-dimensional ones whose third axis has one corner of weight 1. Each kernel has one writer for every number it
writes, so sums always run in the same order and results are the same bits whatever the number of threads.
"""
# ruff: noqa: ANN001, ANN202, ANN201 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit, prange

from beavervision.nerf.backends.torch import PRIMES

P1, P2 = PRIMES[1:3]
BLOCK = 4096


@njit(inline="always")
def _corners(points, i, level, scales, strides, hashed, cells, weights):
    """Write each axis's share of the two corner indices into `cells` [3, 2], and its weights into `weights`."""
    cells[2, 0] = 0
    weights[2, 0] = 1
    for axis in range(points.shape[1]):
        position = points[i, axis] * scales[level] + points.dtype.type(0.5)
        floor = np.floor(position)
        low = np.int64(floor)
        weights[axis, 1] = position - floor
        weights[axis, 0] = points.dtype.type(1) - weights[axis, 1]
        factor = strides[level, axis]
        if hashed[level]:
            factor = 1 if axis == 0 else (P1 if axis == 1 else P2)
        cells[axis, 0] = low * factor
        cells[axis, 1] = (low + 1) * factor


@njit(inline="always")
def _entry(cells, x, y, z, hashed, entries):
    """Entry within its level of one corner."""
    if hashed:
        # 2^n entries: modulo is a mask, and wrapping at 32 bits changes no bit below it.
        return (cells[0, x] ^ cells[1, y] ^ cells[2, z]) & (entries - 1)
    index = cells[0, x] + cells[1, y] + cells[2, z]
    return index if index < entries else index % entries


@njit(parallel=True, cache=True, error_model="numpy")
def encode(points, table, scales, strides, hashed, entries, offsets, features):
    """Write the features [N, L * F] of `points` [N, D]."""
    n, deep = len(points), points.shape[1] - 1
    width = table.shape[1]
    for block in prange((n + BLOCK - 1) // BLOCK):
        cells = np.zeros((3, 2), np.int64)
        weights = np.zeros((3, 2), points.dtype)
        for level in range(len(scales)):
            column = level * width
            for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
                _corners(points, i, level, scales, strides, hashed, cells, weights)
                for f in range(width):
                    features[i, column + f] = 0
                for z in range(deep):
                    for y in range(2):
                        for x in range(2):
                            entry = offsets[level] + _entry(cells, x, y, z, hashed[level], entries[level])
                            weight = weights[0, x] * weights[1, y] * weights[2, z]
                            for f in range(width):
                                features[i, column + f] += weight * table[entry, f]


@njit(parallel=True, cache=True, error_model="numpy")
def table_gradient(points, gradient, scales, strides, hashed, entries, offsets, order, out):
    """Add to `out` [E, F] the gradient of the table; `order` deals the levels out evenly to the threads."""
    n, deep = len(points), points.shape[1] - 1
    width = out.shape[1]
    for task in prange(len(order)):
        level = order[task]
        column = level * width
        cells = np.zeros((3, 2), np.int64)
        weights = np.zeros((3, 2), points.dtype)
        for i in range(n):
            _corners(points, i, level, scales, strides, hashed, cells, weights)
            for z in range(deep):
                for y in range(2):
                    for x in range(2):
                        entry = offsets[level] + _entry(cells, x, y, z, hashed[level], entries[level])
                        weight = weights[0, x] * weights[1, y] * weights[2, z]
                        for f in range(width):
                            out[entry, f] += weight * gradient[i, column + f]


@njit(parallel=True, cache=True, error_model="numpy")
def point_gradient(points, table, gradient, scales, strides, hashed, entries, offsets, out):
    """Write the gradient of the points [N, D] into `out`, which holds zeros."""
    n, dims, deep = len(points), points.shape[1], points.shape[1] - 1
    width = table.shape[1]
    for block in prange((n + BLOCK - 1) // BLOCK):
        cells = np.zeros((3, 2), np.int64)
        weights = np.zeros((3, 2), points.dtype)
        for level in range(len(scales)):
            column = level * width
            for i in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
                _corners(points, i, level, scales, strides, hashed, cells, weights)
                for z in range(deep):
                    for y in range(2):
                        for x in range(2):
                            entry = offsets[level] + _entry(cells, x, y, z, hashed[level], entries[level])
                            pull = points.dtype.type(0)
                            for f in range(width):
                                pull += gradient[i, column + f] * table[entry, f]
                            pull *= scales[level]
                            # d weight / d x_axis: the other axes' weights, with the sign of the corner
                            out[i, 0] += (2 * x - 1) * pull * weights[1, y] * weights[2, z]
                            out[i, 1] += (2 * y - 1) * pull * weights[0, x] * weights[2, z]
                            if dims == 3:
                                out[i, 2] += (2 * z - 1) * pull * weights[0, x] * weights[1, y]
