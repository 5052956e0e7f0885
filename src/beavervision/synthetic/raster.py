"""Software rasteriser: the visible triangle of every sample, and the position in it.

The result is a visibility buffer (depth, triangle, barycentric coordinates), from which shading looks up everything
else. Sample (i, j) is the point (j + 0.5, i + 0.5) of the canvas. Coordinates are perspective-correct: depth and
barycentrics are interpolated linearly in 1/z (Blinn, "Hyperbolic interpolation", 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float, Int

BANDS = 4
"""Number of bands into which the rows are divided, one per thread; the image does not depend on it."""
EMPTY = -1
FAR = np.float32(1e9)


@dataclass(frozen=True)
class Visibility:
    """Visible surface of each sample."""

    depth: Float[np.ndarray, "H W"]
    """Camera z in cm including the triangle's bias; FAR where there is no surface."""
    triangle: Int[np.ndarray, "H W"]
    """Index of the nearest triangle, EMPTY where there is none."""
    weights: Float[np.ndarray, "H W 2"]
    """Perspective-correct barycentric weights of the triangle's first two vertices."""

    @classmethod
    def blank(cls, height: int, width: int) -> Visibility:
        """Buffers of an empty canvas; `rasterise` clears and reuses them."""
        return cls(
            np.full((height, width), FAR, np.float32),
            np.full((height, width), EMPTY, np.int32),
            np.zeros((height, width, 2), np.float32),
        )


@numba.njit(cache=True, nogil=True)
def _scan(
    first: int,
    last: int,
    points: np.ndarray,
    triangles: np.ndarray,
    bias: np.ndarray,
    depth: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Draw all triangles into rows first..last-1."""
    width = depth.shape[1]
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        za, zb, zc = points[a, 2], points[b, 2], points[c, 2]
        if za <= 0.1 or zb <= 0.1 or zc <= 0.1:
            continue
        xa, ya, xb, yb, xc, yc = (
            points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1],
        )  # fmt: skip
        row0 = max(first, int(np.ceil(min(ya, yb, yc) - 0.5)))
        row1 = min(last - 1, int(np.floor(max(ya, yb, yc) - 0.5)))
        column0 = max(0, int(np.ceil(min(xa, xb, xc) - 0.5)))
        column1 = min(width - 1, int(np.floor(max(xa, xb, xc) - 0.5)))
        if row0 > row1 or column0 > column1:
            continue
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        if abs(area) < 1e-12:
            continue
        turn = 1.0 / area
        # Weight of vertex a at (x, y) / its depth; both are linear on the canvas.
        step_a, step_b = (yb - yc) * turn, (yc - ya) * turn
        for i in range(row0, row1 + 1):
            y = i + 0.5
            x = column0 + 0.5
            u = ((xc - xb) * (y - yb) - (yc - yb) * (x - xb)) * turn
            v = ((xa - xc) * (y - yc) - (ya - yc) * (x - xc)) * turn
            for j in range(column0, column1 + 1):
                w = 1.0 - u - v
                if u >= -1e-7 and v >= -1e-7 and w >= -1e-7:
                    inverse = u / za + v / zb + w / zc
                    z = 1.0 / inverse
                    if z + bias[f] < depth[i, j]:
                        depth[i, j] = z + bias[f]
                        seen[i, j] = f
                        weights[i, j, 0] = u / za * z
                        weights[i, j, 1] = v / zb * z
                u += step_a
                v += step_b


@numba.njit(cache=True, parallel=True, nogil=True)
def _draw(
    points: np.ndarray,
    triangles: np.ndarray,
    bias: np.ndarray,
    depth: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
) -> None:
    height = depth.shape[0]
    for band in numba.prange(BANDS):
        first, last = band * height // BANDS, (band + 1) * height // BANDS
        depth[first:last] = FAR
        seen[first:last] = EMPTY
        _scan(first, last, points, triangles, bias, depth, seen, weights)


def rasterise(
    points: Float[np.ndarray, "V 3"],
    triangles: Int[np.ndarray, "F 3"],
    bias: Float[np.ndarray, "F"],
    into: Visibility,
) -> Visibility:
    """Find the nearest triangle of every sample of the canvas.

    A sample on an edge belongs to both triangles, so that there is no gap between neighbours; at equal depths the
    earlier triangle wins. Both sides of a triangle are visible; triangles that reach behind the camera are skipped.

    Args:
        points: canvas x, canvas y (samples) and camera z (cm) of each vertex.
        triangles: vertices of each triangle.
        bias: cm added to a triangle's depth in comparisons; > 0 lets others win.
        into: buffers to overwrite.
    """
    _draw(points, triangles, bias, into.depth, into.triangle, into.weights)
    return into


@numba.njit(cache=True, nogil=True)
def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    normals = np.zeros_like(points)
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for i in range(points.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        if length > 0:
            normals[i] /= length
    return normals


def vertex_normals(points: Float[np.ndarray, "V 3"], triangles: Int[np.ndarray, "F 3"]) -> Float[np.ndarray, "V 3"]:
    """Unit normal of each vertex: the mean of its triangles' normals, weighted by area."""
    # One pair of types, so that the kernel is compiled once.
    return _normals(np.ascontiguousarray(points, np.float32), np.ascontiguousarray(triangles, np.int32))
