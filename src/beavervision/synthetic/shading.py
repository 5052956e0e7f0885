"""Shades a visibility buffer: colour of every sample, average per pixel, composited over the room."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float, Int

from beavervision.synthetic.lighting import KEY_COLOUR, KEY_FROM, ShadowMap, lamps
from beavervision.synthetic.material import Material, eye_colour, knit, reflect, texel
from beavervision.synthetic.raster import Visibility

SKIN, EYE, FLESH = int(Material.SKIN), int(Material.EYE), int(Material.FLESH)
HAIR, CLOTH = int(Material.HAIR), int(Material.CLOTH)
SHADOW_TAPS, SHADOW_REACH, SHADOW_BIAS = 1, 3.0, 0.45
"""Soft shadow: taps on each side of the middle one, texels between them, depth bias in cm against self-shadowing."""


@dataclass(frozen=True)
class Surface:
    """Attributes of vertices and triangles for the shader; all arrays float32 unless stated otherwise."""

    triangles: Int[np.ndarray, "F 3"]
    material: Int[np.ndarray, "F"]
    position: Float[np.ndarray, "V 3"]
    """Camera space, cm."""
    normal: Float[np.ndarray, "V 3"]
    """Unit normal in camera space; the tangent for hair."""
    local: Float[np.ndarray, "V 3"]
    """Eyes: direction in the eyeball's own frame. Skin: texture u, v (0..1) and 1 where the texture is used. Cloth:
    position at rest, cm."""
    colour: Float[np.ndarray, "V 3"]
    """Linear colour; multiplies the texture where there is one."""


@numba.njit(cache=True, nogil=True)
def _lit(p: np.ndarray, rotation: np.ndarray, source: np.ndarray, focal: float, depth: np.ndarray) -> float:
    """Share of the key light that reaches camera-space point p (percentage-closer filter)."""
    x, y, z = p[0] - source[0], p[1] - source[1], p[2] - source[2]
    sz = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
    sx = (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z) / sz * focal + depth.shape[1] / 2
    sy = (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z) / sz * focal + depth.shape[0] / 2
    free, total = 0.0, 0.0
    for di in range(-SHADOW_TAPS, SHADOW_TAPS + 1):
        for dj in range(-SHADOW_TAPS, SHADOW_TAPS + 1):
            i, j = int(sy + di * SHADOW_REACH), int(sx + dj * SHADOW_REACH)
            total += 1.0
            if i < 0 or j < 0 or i >= depth.shape[0] or j >= depth.shape[1]:
                free += 1.0
            else:
                # A transition over one cm: no shadow acne, soft contact.
                free += min(max(1.0 - (sz - depth[i, j] - SHADOW_BIAS) / 1.0, 0.0), 1.0)
    return free / total


@numba.njit(cache=True, nogil=True)
def _sample(
    f: int, a: float, b: float, triangles: np.ndarray, material: np.ndarray, position: np.ndarray,
    normal: np.ndarray, local: np.ndarray, colour: np.ndarray, texture: np.ndarray, rotation: np.ndarray,
    source: np.ndarray, focal: float, depth: np.ndarray, lights: np.ndarray, key: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Add the linear colour of one sample to `out`."""
    i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    c = 1.0 - a - b
    kind = material[f]
    p, n, q, base = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for d in range(3):
        p[d] = a * position[i, d] + b * position[j, d] + c * position[k, d]
        n[d] = a * normal[i, d] + b * normal[j, d] + c * normal[k, d]
        q[d] = a * local[i, d] + b * local[j, d] + c * local[k, d]
        base[d] = a * colour[i, d] + b * colour[j, d] + c * colour[k, d]
    far = np.sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2])
    v = -p / far
    size = max(1e-6, np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]))
    facing = n[0] * v[0] + n[1] * v[1] + n[2] * v[2]
    if kind != HAIR and facing < 0:
        size = -size
    n /= size
    gloss = 1.0
    if kind == EYE:
        shade = eye_colour(q[0], q[1], q[2])
        for d in range(3):
            base[d] *= shade[d]
    elif kind == CLOTH:
        weave = knit(q[0], q[1], q[2])
        for d in range(3):
            base[d] *= weave
    elif kind in (SKIN, FLESH) and q[2] > 0.5:
        red, green, blue, gloss = texel(texture, q[0], q[1])
        base[0] *= red
        base[1] *= green
        base[2] *= blue
    lx, ly, lz = source[0] - p[0], source[1] - p[1], source[2] - p[2]
    scale = 1.0 / np.sqrt(lx * lx + ly * ly + lz * lz)
    free = _lit(p, rotation, source, focal, depth)
    dr, dg, db, shine = reflect(kind, gloss, n, v, lx * scale, ly * scale, lz * scale)
    light = np.empty(3)
    light[0] = dr * key[0] * free**0.8  # light bleeds red into the edge of the shadow
    light[1] = dg * key[1] * free
    light[2] = db * key[2] * free
    mirror = shine * free
    glint = np.array([mirror * key[0], mirror * key[1], mirror * key[2]])
    for lamp in range(2):
        dr, dg, db, shine = reflect(kind, gloss, n, v, lights[lamp, 0], lights[lamp, 1], lights[lamp, 2])
        light[0] += dr * lights[lamp, 3]
        light[1] += dg * lights[lamp, 4]
        light[2] += db * lights[lamp, 5]
        for d in range(3):
            glint[d] += shine * lights[lamp, 3 + d]
    up = 0.5 if kind == HAIR else 0.5 - 0.5 * n[1]
    for d in range(3):
        light[d] += up * lights[2, d] + (1 - up) * lights[2, 3 + d]
        tint = min(1.0, 6.0 * base[d]) if kind == HAIR else 1.0
        out[d] += base[d] * light[d] + glint[d] * tint


@numba.njit(cache=True, parallel=True, nogil=True)
def _shade(
    seen: np.ndarray, weights: np.ndarray, triangles: np.ndarray, material: np.ndarray, position: np.ndarray,
    normal: np.ndarray, local: np.ndarray, colour: np.ndarray, texture: np.ndarray, rotation: np.ndarray,
    source: np.ndarray, focal: float, depth: np.ndarray, lights: np.ndarray, key: np.ndarray,
    room: np.ndarray, factor: int, out: np.ndarray,
) -> None:  # fmt: skip
    for y in numba.prange(out.shape[0]):
        total = np.empty(3)
        for x in range(out.shape[1]):
            total[:] = 0.0
            covered = 0
            for sy in range(factor):
                for sx in range(factor):
                    i, j = y * factor + sy, x * factor + sx
                    f = seen[i, j]
                    if f >= 0:
                        covered += 1
                        _sample(
                            f, weights[i, j, 0], weights[i, j, 1], triangles, material, position, normal, local,
                            colour, texture, rotation, source, focal, depth, lights, key, total,
                        )  # fmt: skip
            count = factor * factor
            for d in range(3):
                out[y, x, d] = (total[d] + (count - covered) * room[y, x, d]) / count


def shade(
    visibility: Visibility,
    surface: Surface,
    texture: Float[np.ndarray, "U V 4"],
    shadow: ShadowMap,
    room: Float[np.ndarray, "H W 3"],
) -> Float[np.ndarray, "H W 3"]:
    """Shaded samples averaged per pixel over the room, as a linear image.

    Args:
        visibility: visibility buffer, at a whole multiple of the room's size.
        surface: attributes of the triangles.
        texture: linear colour and gloss of the skin.
        shadow: depth map from the key light.
        room: linear image of the background.
    """
    height, width, _ = room.shape
    out = np.empty((height, width, 3), np.float32)
    _shade(
        visibility.triangle, visibility.weights, surface.triangles, surface.material, surface.position,
        surface.normal, surface.local, surface.colour, texture, shadow.rotation, KEY_FROM.astype(np.float32),
        shadow.focal, shadow.depth, lamps(), KEY_COLOUR.astype(np.float32), room,
        visibility.depth.shape[0] // height, out,
    )  # fmt: skip
    return out
