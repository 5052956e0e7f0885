"""Soft solids as signed-distance fields, and their surface meshes.

Distances are in cm, negative inside. Unions use a polynomial smooth minimum (Quilez, "Smooth minimum", 2013); meshes
are extracted with naive surface nets (Gibson, 1998).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

Field = Callable[[Float[np.ndarray, "*n 3"]], Float[np.ndarray, "*n"]]
"""Signed distance of points."""


def ellipsoid(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Field:
    """Ellipsoid; the distance is exact on the surface and approximate elsewhere."""
    c, r = np.array(centre), np.array(radii)

    def distance(points: np.ndarray) -> np.ndarray:
        scaled = (points - c) / r
        length = np.linalg.norm(scaled, axis=-1)
        return length * (length - 1) / np.maximum(np.linalg.norm(scaled / r, axis=-1), 1e-9)

    return distance


def cone(start: tuple[float, float, float], end: tuple[float, float, float], radius: float, end_radius: float) -> Field:
    """Capsule whose radius changes linearly from `start` to `end`."""
    a, b = np.array(start), np.array(end)

    def distance(points: np.ndarray) -> np.ndarray:
        along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        nearest = a + along[..., None] * (b - a)
        return np.linalg.norm(points - nearest, axis=-1) - (radius + along * (end_radius - radius))

    return distance


def union(fields: list[Field], softness: float) -> Field:
    """Smooth union of `fields`, blended over `softness` cm."""

    def distance(points: np.ndarray) -> np.ndarray:
        result = fields[0](points)
        for field in fields[1:]:
            other = field(points)
            gap = np.maximum(softness - np.abs(result - other), 0) / softness
            result = np.minimum(result, other) - gap * gap * softness / 4
        return result

    return distance


def carve(field: Field, tool: Field, softness: float) -> Field:
    """Smooth difference of `field` and `tool`, blended over `softness` cm."""

    def distance(points: np.ndarray) -> np.ndarray:
        a, b = field(points), -tool(points)
        gap = np.maximum(softness - np.abs(a - b), 0) / softness
        return np.maximum(a, b) + gap * gap * softness / 4

    return distance


def _quads(inside: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """Two triangles for each grid edge along `axis` that crosses the surface, seen from outside."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    low = np.moveaxis(inside, (axis, first, second), (0, 1, 2))
    cells = np.moveaxis(index, (axis, first, second), (0, 1, 2))
    enters = low[:-1, 1:-1, 1:-1] != low[1:, 1:-1, 1:-1]
    i, j, k = np.nonzero(enters)
    leaving = low[:-1, 1:-1, 1:-1][enters]
    a, b, c, d = cells[i, j, k], cells[i, j + 1, k], cells[i, j + 1, k + 1], cells[i, j, k + 1]
    b, d = np.where(leaving, b, d), np.where(leaving, d, b)
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def surface(
    field: Field, low: tuple[float, float, float], high: tuple[float, float, float], cell: float
) -> tuple[Float[np.ndarray, "V 3"], Int[np.ndarray, "F 3"]]:
    """Mesh of the zero level of `field` inside a box, triangles anticlockwise seen from outside.

    Args:
        field: signed distance, cm.
        low: one corner of the box; a surface that leaves it stays open there.
        high: the opposite corner.
        cell: edge of a grid cell, cm.
    """
    axes = [np.arange(a, b + cell, cell) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    value = field(grid)
    inside = value < 0
    total, count = np.zeros((*[len(a) - 1 for a in axes], 3)), np.zeros([len(a) - 1 for a in axes])
    for axis in range(3):
        forward = [slice(None)] * 3
        forward[axis] = slice(1, None)
        back = [slice(None)] * 3
        back[axis] = slice(None, -1)
        v0, v1 = value[tuple(back)], value[tuple(forward)]
        crosses = (v0 < 0) != (v1 < 0)
        way = np.where(crosses, v0 / np.where(crosses, v0 - v1, 1), 0)
        point = grid[tuple(back)].copy()
        point[..., axis] += way * cell
        point *= crosses[..., None]
        others = [a for a in range(3) if a != axis]
        for shift in np.ndindex(2, 2):
            pick = [slice(None)] * 3
            for a, s in zip(others, shift, strict=True):
                pick[a] = slice(s, len(axes[a]) - 1 + s)
            total += point[tuple(pick)]
            count += crosses[tuple(pick)]
    used = count > 0
    index = np.full(count.shape, -1)
    index[used] = np.arange(used.sum())
    vertices = total[used] / count[used][:, None]
    triangles = np.concatenate([_quads(inside, index, axis) for axis in range(3)])
    return vertices, triangles[(triangles >= 0).all(axis=1)]
