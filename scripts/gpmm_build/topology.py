"""Triangles and mirror map of MediaPipe's face mesh, computed from the edge list of its package.

The edge list has 852 triangles and holes for the eyes and the mouth. Three diagonals differ between the two halves of
the face. The subject's right half is mirrored to the left, so that the mesh is symmetric.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION
from scipy.optimize import linear_sum_assignment

N_MESH, N_LANDMARKS = 468, 478
SEED_PAIRS = ((33, 263), (133, 362), (61, 291), (234, 454))
"""Right and left landmarks that start the search for the mirror map."""


def sides(triangle: tuple[int, ...]) -> list[tuple[int, int]]:
    """The three undirected edges of a triangle."""
    return [tuple(sorted(edge)) for edge in combinations(triangle, 2)]


def faces_of_edges() -> list[tuple[int, ...]]:
    """All triangles of the edge list, except those whose sides all belong to two other triangles."""
    near: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    found = {tuple(sorted((a, b, c))) for a, b in FACEMESH_TESSELATION for c in near[a] & near[b]}
    uses = Counter(side for face in found for side in sides(face))
    return sorted(face for face in found if any(uses[side] < 3 for side in sides(face)))


def reflect_onto(points: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mirror `points` [n, 3] in x, then rotate and translate them so that rows `source` match rows `target`."""
    mirrored = points * [-1.0, 1.0, 1.0]
    a, b = mirrored[source], points[target]
    u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    return (mirrored - a.mean(0)) @ turn + b.mean(0)


def mirror_map(points: np.ndarray, rounds: int = 20) -> np.ndarray:
    """Mirror landmark of each landmark of the mesh [468], by matching a face with its own reflection."""
    points = points[:N_MESH]
    pairs = np.array(SEED_PAIRS)
    source, target = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    for _ in range(rounds):
        reflected = reflect_onto(points, source, target)
        distance = np.linalg.norm(reflected[:, None] - points[None], axis=-1)
        source, target = linear_sum_assignment(distance**2)
    if not (target[target] == np.arange(N_MESH)).all():
        raise ValueError("the matching is no involution: the portrait is too far from symmetric")
    return target


def with_irises(mirror: np.ndarray) -> np.ndarray:
    """Extend the mirror map [468] to the irises [478]. Rim points are anticlockwise, so right and left swap."""
    # 469 and 471 are at the subject's left and right of the right iris; 474 and 476 are those of the left iris.
    return np.r_[mirror, 473, 476, 475, 474, 477, 468, 471, 470, 469, 472]


def symmetric_skin(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Triangles [852, 3] of the skin, anticlockwise from outside; the left half mirrors the right one.

    Args:
        points: [468, 3] a face in head space (x to the subject's left, z out of the face).
        mirror: [468] mirror map.
    """
    faces = np.array(faces_of_edges())
    on_axis = mirror[np.arange(N_MESH)] == np.arange(N_MESH)
    x = np.where(on_axis, 0.0, points[:N_MESH, 0])
    right = orient(faces[x[faces].sum(1) < 0], points)
    return np.concatenate([right, mirror[right][:, ::-1]])


def orient(faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Orient connected triangles anticlockwise seen from outside, starting with the triangle that faces z most."""
    faces = faces.copy()
    by_side: dict[tuple[int, int], list[int]] = {}
    for i, face in enumerate(faces):
        for side in sides(tuple(face)):
            by_side.setdefault(side, []).append(i)
    corner = points[faces]
    z = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2]
    start = int(np.abs(z).argmax())
    if z[start] < 0:
        faces[start] = faces[start][::-1]
    seen, todo = {start}, [start]
    while todo:
        face = faces[todo.pop()]
        for a, b in zip(face, np.roll(face, -1), strict=True):
            for j in set(by_side[tuple(sorted((a, b)))]) - seen:
                if (a, b) in zip(faces[j], np.roll(faces[j], -1), strict=True):
                    faces[j] = faces[j][::-1]
                seen.add(j)
                todo.append(j)
    return faces


def strip(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Triangles between two vertex chains [n] that run from left to right in the image and share both ends."""
    faces = [(upper[0], lower[1], upper[1])]
    for i in range(1, len(upper) - 2):
        faces += [(upper[i], lower[i], lower[i + 1]), (upper[i], lower[i + 1], upper[i + 1])]
    return np.array([*faces, (upper[-2], lower[-2], upper[-1])])


def holes(skin: np.ndarray) -> list[list[int]]:
    """Vertex loops around the holes of the skin, without the outline; each starts with its smallest vertex number."""
    turns = {(int(a), int(b)) for face in skin for a, b in zip(face, np.roll(face, -1), strict=True)}
    after = {b: a for a, b in turns if (b, a) not in turns}
    loops = []
    while after:
        loop = [min(after)]
        while (following := after.pop(loop[-1])) != loop[0]:
            loop.append(following)
        loops.append(loop)
    return sorted(loops, key=len)[:-1]


def closing(points: np.ndarray, skin: np.ndarray, mirror: np.ndarray) -> dict[str, np.ndarray]:
    """Triangles that close the eyes [28, 3] (right eye first) and the mouth [18, 3]."""
    filled = []
    for loop in holes(skin):
        x = points[loop, 0]
        start, end = int(x.argmin()), int(x.argmax())
        ring = np.roll(loop, -start)
        end = (end - start) % len(loop)
        halves = [ring[: end + 1], np.r_[ring[end:], ring[0]][::-1]]
        lower, upper = sorted(halves, key=lambda half: points[half, 1].mean())
        filled.append(strip(upper, lower))
    filled.sort(key=lambda faces: points[faces, 0].mean())
    right, mouth, _ = filled
    return {"eyes": np.concatenate([right, mirror[right][:, ::-1]]), "mouth": mouth}
