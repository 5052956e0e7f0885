"""Materials of the actor and their shaders. All colours are linear."""

from __future__ import annotations

from enum import IntEnum

import numba
import numpy as np


class Material(IntEnum):
    """Shader of a triangle."""

    SKIN = 0
    EYE = 1
    TEETH = 2
    FLESH = 3
    HAIR = 4
    CLOTH = 5


# Per channel wrap of the diffuse light (light bleeds into the shade, red furthest: approximate subsurface scattering),
# strength and exponent of the broad gloss, strength and exponent of the sharp one
TABLE = np.array(
    [
        [0.42, 0.24, 0.18, 0.10, 9.0, 0.16, 38.0],
        [0.25, 0.25, 0.25, 0.02, 20.0, 2.6, 160.0],
        [0.30, 0.28, 0.25, 0.05, 20.0, 0.35, 90.0],
        [0.35, 0.20, 0.20, 0.05, 10.0, 0.20, 60.0],
        [0.30, 0.30, 0.30, 0.09, 12.0, 0.14, 60.0],
        [0.18, 0.18, 0.18, 0.03, 5.0, 0.0, 10.0],
    ],
    np.float32,
)

STITCH = 0.85
"""Width of a knitted stitch, cm."""
IRIS_RADIUS, PUPIL_RADIUS = 0.47, 0.20
"""Radii as shares of the eyeball's radius."""
IRIS_COLOUR = np.array([0.085, 0.130, 0.115], np.float32)
SCLERA_COLOUR = np.array([0.66, 0.625, 0.60], np.float32)


@numba.njit(cache=True, nogil=True)
def texel(texture: np.ndarray, u: float, v: float) -> tuple[float, float, float, float]:
    """Bilinear value of a [H, W, 4] texture at (u, v), both in 0..1 across and down, clamped to its border."""
    height, width = texture.shape[0], texture.shape[1]
    x = min(max(u * width - 0.5, 0.0), width - 1.001)
    y = min(max(v * height - 0.5, 0.0), height - 1.001)
    j, i = int(x), int(y)
    p, q = x - j, y - i
    a, b, c, d = (1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q
    s, t = texture[i, j], texture[i, j + 1]
    k, m = texture[i + 1, j], texture[i + 1, j + 1]
    return (
        a * s[0] + b * t[0] + c * k[0] + d * m[0],
        a * s[1] + b * t[1] + c * k[1] + d * m[1],
        a * s[2] + b * t[2] + c * k[2] + d * m[2],
        a * s[3] + b * t[3] + c * k[3] + d * m[3],
    )


@numba.njit(cache=True, nogil=True)
def _ramp(low: float, high: float, x: float) -> float:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@numba.njit(cache=True, nogil=True)
def eye_colour(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Colour of an eyeball in the direction (x, y, z) of its own frame; the gaze is z."""
    radius = np.sqrt(x * x + y * y)
    if z < 0:
        radius = 1.0
    white = _ramp(IRIS_RADIUS - 0.025, IRIS_RADIUS + 0.035, radius)
    limbus = 1 - 0.65 * _ramp(IRIS_RADIUS - 0.14, IRIS_RADIUS, radius)
    pupil = _ramp(PUPIL_RADIUS - 0.02, PUPIL_RADIUS + 0.03, radius)
    angle = np.arctan2(y, x)
    fibre = 1 + 0.22 * np.sin(23 * angle + 3 * np.sin(5 * angle)) * (1 - radius / IRIS_RADIUS)
    glow = (0.75 + 0.7 * _ramp(-0.35, 0.4, -y - 0.3 * x)) * limbus * fibre
    red = 1 - 0.16 * _ramp(0.55, 0.95, radius)
    for_iris = (IRIS_COLOUR[0] * glow * pupil, IRIS_COLOUR[1] * glow * pupil, IRIS_COLOUR[2] * glow * pupil)
    warm = (SCLERA_COLOUR[0], SCLERA_COLOUR[1] * red, SCLERA_COLOUR[2] * red)
    return (
        for_iris[0] * (1 - white) + warm[0] * white,
        for_iris[1] * (1 - white) + warm[1] * white,
        for_iris[2] * (1 - white) + warm[2] * white,
    )


@numba.njit(cache=True, nogil=True)
def knit(x: float, y: float, z: float) -> float:
    """Brightness of knitted wool at a point of the undeformed garment, cm: columns of slanted stitches."""
    across = (x + 0.35 * z) / STITCH
    column = across - np.floor(across)
    slant = abs(column - 0.5)
    ridge = 0.5 + 0.5 * np.cos(2 * np.pi * (y / STITCH * 0.8 + slant))
    return 0.86 + 0.20 * ridge * min(1.0, 6 * slant) - 0.16 * max(0.0, 1 - 9 * (0.5 - slant))


@numba.njit(cache=True, nogil=True)
def reflect(
    material: int, gloss: float, n: np.ndarray, v: np.ndarray, lx: float, ly: float, lz: float
) -> tuple[float, float, float, float]:
    """Light that a surface reflects from direction l: diffuse per channel, and gloss.

    For HAIR, n is the strand's tangent (Kajiya & Kay, "Rendering fur with three dimensional textures", 1989).
    """
    row = TABLE[material]
    hx, hy, hz = lx + v[0], ly + v[1], lz + v[2]
    scale = 1.0 / max(1e-6, np.sqrt(hx * hx + hy * hy + hz * hz))
    nl = n[0] * lx + n[1] * ly + n[2] * lz
    nh = (n[0] * hx + n[1] * hy + n[2] * hz) * scale
    if material == 4:
        sine = np.sqrt(max(0.0, 1 - nl * nl))
        shine = np.sqrt(max(0.0, 1 - nh * nh))
        diffuse = 0.35 + 0.65 * sine
        return diffuse, diffuse, diffuse, gloss * (row[3] * shine ** row[4] + row[5] * shine ** row[6])
    nh = max(nh, 0.0)
    vh = (v[0] * hx + v[1] * hy + v[2] * hz) * scale
    fresnel = 0.4 + 0.6 * (1 - max(vh, 0.0)) ** 3
    shine = gloss * fresnel * (row[3] * nh ** row[4] + row[5] * nh ** row[6]) * _ramp(-0.1, 0.25, nl)
    return (
        max(0.0, (nl + row[0]) / (1 + row[0])),
        max(0.0, (nl + row[1]) / (1 + row[1])),
        max(0.0, (nl + row[2]) / (1 + row[2])),
        shine,
    )
