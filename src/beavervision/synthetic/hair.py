"""Short hair: a dark cap over the scalp, and combed ribbons of hair over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]  (scipy's stubs lack it)

from beavervision.synthetic.head_mesh import SKULL_CENTRE, HeadMesh
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Part, make_part
from beavervision.synthetic.raster import vertex_normals
from beavervision.types import Label

BROWN = np.array([0.098, 0.045, 0.020])
HAIRLINE = np.array(
    [
        [3.0, 6.1], [1.7, 5.9], [0.6, 5.7], [-0.5, 5.0], [-1.6, 4.2], [-2.4, 3.0], [-3.3, 1.6], [-3.7, 0.2],
        [-4.0, -1.6], [-4.9, -1.8], [-5.2, -0.2], [-5.5, 1.4], [-8.0, 1.5], [-9.0, -0.5], [-9.0, -3.5],
        [-9.6, -6.0], [-20.0, -7.0], [-20.0, 16.0], [5.0, 16.0], [5.0, 6.3],
    ]
)  # fmt: skip
"""Outline of the hair from the side: z and y in head space, cm."""
PARTING = 2.6
"""x of the parting on top of the head, cm."""
SEGMENTS, STEP = 9, 0.5
"""Number of segments of a strand, and their length in cm."""


def hair_depth(points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    """Depth of a point of the scalp inside the hairline, cm; negative on bare skin."""
    flat = points[..., [2, 1]]
    a, b = HAIRLINE, np.roll(HAIRLINE, -1, axis=0)
    edge = b - a
    from_a = flat[..., None, :] - a
    along = np.clip((from_a * edge).sum(-1) / (edge * edge).sum(-1), 0, 1)
    distance = np.linalg.norm(from_a - along[..., None] * edge, axis=-1).min(-1)
    y, ya, yb = flat[..., None, 1], a[:, 1], b[:, 1]
    spans = (ya <= y) != (yb <= y)
    crossing = a[:, 0] + (y - ya) / np.where(yb == ya, 1, yb - ya) * edge[:, 0]
    inside = (spans & (flat[..., None, 0] < crossing)).sum(-1) % 2 == 1
    return np.where(inside, distance, -distance)


def volume(points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    """Thickness of the hair over the scalp, cm: short at the sides and the neck, full on top."""
    top = np.clip((points[..., 1] - 3.0) / 6.0, 0, 1)
    front = np.clip((points[..., 2] + 6.0) / 7.0, 0, 1)
    full = 0.5 + top * (0.85 + 1.0 * front)
    edge = np.clip(hair_depth(points) / 1.6, 0, 1)
    return full * edge * (2 - edge)


def _combed(points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Unit direction of combed hair, tangent to the head."""
    x, y, z = points.T
    on_top = np.clip((y - 4.0) / 4.0, 0, 1)[:, None]
    across = np.tanh((PARTING - x) / 0.8)
    sweep = np.stack([-across * 1.0, 0.25 + 0 * x, -0.55 + 0.1 * z / 5], axis=1)
    down = np.stack([0 * x, -1.0 + 0 * x, -0.75 + 0 * x], axis=1)
    way = on_top * sweep + (1 - on_top) * down
    way -= (way * normals).sum(1, keepdims=True) * normals
    return way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)


@dataclass(frozen=True)
class Scalp:
    """Surface of the neutral head as a height over each direction from the skull's centre."""

    directions: cKDTree
    radius: Float[np.ndarray, "V"]
    normal: Float[np.ndarray, "V 3"]

    @classmethod
    def of(cls, vertices: np.ndarray, normals: np.ndarray) -> Scalp:
        """Build the lookup table from the head's fine vertices."""
        offset = vertices - SKULL_CENTRE
        radius = np.linalg.norm(offset, axis=1)
        return cls(cKDTree(offset / radius[:, None]), radius, normals)

    def lift(self, points: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points moved along their direction to `height` cm above the surface, and the surface normals."""
        offset = points - SKULL_CENTRE
        offset /= np.linalg.norm(offset, axis=1, keepdims=True)
        gap, near = self.directions.query(offset, k=4)
        weight = 1 / (gap + 1e-4)
        weight /= weight.sum(1, keepdims=True)
        radius = (weight * self.radius[near]).sum(1)
        normal = (weight[..., None] * self.normal[near]).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return SKULL_CENTRE + offset * (radius + height)[:, None], normal


def cap(head: HeadMesh, rest: Float[np.ndarray, "V 3"], normals: Float[np.ndarray, "V 3"]) -> Part:
    """Base of the hair: the hairy part of the scalp, lifted to most of its volume."""
    depth = hair_depth(rest)
    hairy: Bool[np.ndarray, "F"] = (depth[head.triangles] > 0.35).all(axis=1) & (head.region != 1)
    kept, index = np.unique(head.triangles[hairy], return_inverse=True)
    points = rest[kept]
    lifted = points + normals[kept] * (0.72 * volume(points))[:, None]
    direction = _combed(points, normals[kept])
    shade = 0.30 + 0.2 * np.clip(depth[kept] / 2, 0, 1)
    return make_part(lifted, index.reshape(-1, 3), Material.HAIR, Label.HAIR, BROWN * shade[:, None], tangent=direction)


def _roots(head: HeadMesh, rest: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random points of the hairy scalp, denser towards the front, and their depth inside the hairline."""
    corners = rest[head.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    middle = corners.mean(axis=1)
    seen = np.clip((middle[:, 2] + 13.0) / 6.0, 0.0, 1.0)
    weight = area * seen * (hair_depth(middle) > -0.6) * ((head.region == 0) | (head.region == 3))
    chosen = rng.choice(len(weight), size=count, p=weight / weight.sum())
    u, v = rng.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    points = corners[chosen, 0] * (1 - u - v)[:, None] + corners[chosen, 1] * u[:, None]
    points += corners[chosen, 2] * v[:, None]
    depth = hair_depth(points) + rng.normal(0, 0.12, count)  # the hairline is irregular
    return points[depth > 0], depth[depth > 0]


def strands(head: HeadMesh, rest: Float[np.ndarray, "V 3"], count: int, seed: int = 11) -> Part:
    """Ribbons of hair that grow from the scalp, follow the combed direction, and end in tips.

    Args:
        head: mesh of the head.
        rest: its fine vertices with neutral expression.
        count: number of candidate roots.
        seed: seed of their positions and colours.
    """
    rng = np.random.default_rng(seed)
    scalp = Scalp.of(rest, vertex_normals(np.ascontiguousarray(rest), head.triangles))
    roots, depth = _roots(head, rest, count, rng)
    n = len(roots)
    reach = rng.uniform(0.75, 1.1, n)
    length = STEP * rng.uniform(0.7, 1.1, n) * np.clip(0.35 + depth / 1.5, 0, 1)
    lean = rng.normal(0, 0.16, (n, 1))
    points, normal = scalp.lift(roots, np.zeros(n))
    line, ways, normals = [points], [], [normal]
    for k in range(SEGMENTS):
        way = _combed(points, normal)
        way += lean * np.cross(normal, way)
        rise = np.sin(0.5 * np.pi * min(1.0, (k + 1) / 4))
        fall = 1 - 0.15 * max(0, k - 5)
        points, normal = scalp.lift(points + way * length[:, None], reach * fall * rise * volume(points) + 0.02)
        line.append(points)
        ways.append(way)
        normals.append(normal)
    return _ribbons(np.stack(line, 1), np.stack(normals, 1), depth, rng)


def _ribbons(line: np.ndarray, normals: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> Part:
    """Flat bands along lines [N, S, 3] that narrow to their tips."""
    n, s = line.shape[:2]
    tangent = np.gradient(line, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-6)
    side = np.cross(tangent, normals)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-6)
    taper = 0.5 * (1 - np.linspace(0, 1, s) ** 3)[None, :, None] + 0.08
    width = rng.uniform(0.07, 0.13, n) * np.clip(depth / 0.8, 0.4, 1)
    half = side * taper * width[:, None, None]
    vertices = np.stack([line - half, line + half], axis=2).reshape(-1, 3)
    a = (np.arange(n)[:, None] * s + np.arange(s - 1)).ravel() * 2
    triangles = np.concatenate([np.stack([a, a + 1, a + 3], 1), np.stack([a, a + 3, a + 2], 1)])
    tone = rng.lognormal(0, 0.28, n)[:, None] * np.linspace(0.55, 1.25, s)[None]
    warm = 1 + rng.normal(0, 0.05, (n, 1, 1)) * np.array([1.0, 0.2, -0.6])
    colour = np.repeat((BROWN * warm * tone[..., None]).reshape(-1, 3), 2, axis=0)
    along = np.repeat(tangent.reshape(-1, 3), 2, axis=0)
    return make_part(vertices, triangles, Material.HAIR, Label.HAIR, colour, tangent=along, casts=False)
