"""Finds the table entries that a chunk of points reads from a grid, with vector instructions.

Every loop runs over contiguous rows and has no branch, so that the compiler can vectorise it: 1 ns per point and level
instead of 7.
"""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit

from beavervision.nerf.backends.torch import PRIMES

PX, PY, PZ = (np.uint32(prime) for prime in PRIMES[:3])
DENSE, HASHED, TILED = 0, 1, 2


@njit(cache=True, error_model="numpy")
def table_rows(points, start, place) -> int:
    """Copy the points [N, D] from index `start` on into the rows of `place` [3, n]; fill up with zeros."""
    count = min(place.shape[1], len(points) - start)
    place[:] = 0
    for axis in range(points.shape[1]):
        for j in range(count):
            place[axis, j] = points[start + j, axis]
    return count


@njit(cache=True, error_model="numpy")
def locate_cells(place, scale, strides, kind, size, lows, corners, shares) -> None:
    """Find the cells of points in one level; a 2-D grid is treated as the lower plane of a 3-D one.

    Args:
        place: coordinates [3, n].
        scale: scale of the level.
        strides: strides of the level's axes; unused where the level is hashed.
        kind: DENSE, HASHED or TILED.
        size: number of entries of the level.
        lows: buffer [3, n] for the lattice coordinates of the lower corner, multiplied by the factors of the axes.
        corners: output, indices of the entries at the corners, uint32 [8, n] ([4, n] are filled in 2-D), x fastest.
        shares: output, distances from the lower corner [3, n], in cells.
    """
    deep = len(strides) == 3
    fx, fy, fz = np.uint32(strides[0]), np.uint32(strides[1]), np.uint32(strides[-1])
    if kind == HASHED:
        fx, fy, fz = PX, PY, PZ
    _axis(place[0], scale, fx, lows[0], shares[0])
    _axis(place[1], scale, fy, lows[1], shares[1])
    if deep:
        _axis(place[2], scale, fz, lows[2], shares[2])
    else:
        lows[2] = 0
    for plane in range(2 if deep else 1):
        up = fz if plane else np.uint32(0)
        if kind == HASHED:
            _hashed_plane(lows[0], lows[1], lows[2], fx, fy, up, np.uint32(size - 1), corners[4 * plane :])
        else:
            _dense_plane(lows[0], lows[1], lows[2], fx, fy, up, np.uint32(size), corners[4 * plane :])
    if kind == TILED:
        corners[:] %= np.uint32(size)


@njit(cache=True, error_model="numpy")
def _axis(place, scale, factor, low, share):
    """Lattice coordinate below each point along an axis, times `factor`, and the distance from it."""
    half = place.dtype.type(0.5)
    for j in range(len(place)):
        position = place[j] * scale + half
        cell = np.int32(position)
        share[j] = position - place.dtype.type(cell)
        low[j] = np.uint32(cell) * factor


@njit(cache=True, error_model="numpy")
def _hashed_plane(x, y, z, fx, fy, fz, mask, corners):
    """Entries at four corners of a hashed level; it has 2^n entries, so the modulo is a bit mask."""
    for j in range(len(x)):
        across = np.uint32(x[j] + fx)
        near = y[j] ^ np.uint32(z[j] + fz)
        away = np.uint32(y[j] + fy) ^ np.uint32(z[j] + fz)
        corners[0, j] = (x[j] ^ near) & mask
        corners[1, j] = (across ^ near) & mask
        corners[2, j] = (x[j] ^ away) & mask
        corners[3, j] = (across ^ away) & mask


@njit(cache=True, error_model="numpy")
def _dense_plane(x, y, z, fx, fy, fz, size, corners):
    """Entries of four corners of a level stored whole.

    At a coordinate of 1 the upper corner lies one past the lattice and wraps once. The numbers are unsigned:
    subtracting `size` from a smaller index gives a huge number, so the entry is the minimum of the two.
    """
    for j in range(len(x)):
        first = np.uint32(x[j] + y[j] + np.uint32(z[j] + fz))
        second, third = np.uint32(first + fx), np.uint32(first + fy)
        fourth = np.uint32(second + fy)
        corners[0, j] = min(first, np.uint32(first - size))
        corners[1, j] = min(second, np.uint32(second - size))
        corners[2, j] = min(third, np.uint32(third - size))
        corners[3, j] = min(fourth, np.uint32(fourth - size))
