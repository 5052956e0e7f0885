"""Eyeballs: position, rotation, and their five iris landmarks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.face.gpmm import EYEBALL_CENTRES, EYEBALL_RADIUS
from beavervision.face.landmarks import EYES
from beavervision.synthetic.material import IRIS_RADIUS, Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part, tube
from beavervision.types import Label

CARUNCLE = np.array([0.50, 0.23, 0.19])
N_RINGS, N_SPOKES = 14, 40
SHADE_FROM, SHADE_TO = 0.05, 0.62
"""Height above the eyeball's middle, in radii, at which the upper lid's shadow begins and is darkest."""


def eye_centres(rest: Float[np.ndarray, "468 3"], mean: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "2 3"]:
    """Centres of the right and left eyeball: those of the mean face, moved with the rims of the eyes."""
    return EYEBALL_CENTRES + (rest[EYES] - mean[EYES]).mean(axis=1)


def gaze_rotation(yaw: float, pitch: float) -> Float[np.ndarray, "3 3"]:
    """Rotation of an eyeball in the head: yaw to the subject's left, pitch upwards, radians."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return turn @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])


def iris_landmarks(centres: Float[np.ndarray, "2 3"], rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "10 3"]:
    """MediaPipe's iris landmarks 468..477 in head space: per eye the centre, then four points of the rim."""
    rim = IRIS_RADIUS
    depth = np.sqrt(1 - rim * rim)
    ring = np.array([[0, 0, 1], [rim, 0, depth], [0, rim, depth], [-rim, 0, depth], [0, -rim, depth]])
    ring[0, 2] = depth  # the visible middle of the iris: in the plane of its rim
    local = EYEBALL_RADIUS * ring @ rotation.T
    return (centres[:, None] + np.stack([local, local])).reshape(10, 3)


def eyeball(centre: Float[np.ndarray, "3"]) -> Part:
    """Front of an eyeball in head space, looking straight on; `local` holds directions, `colour` the lid's shadow."""
    polar = np.linspace(0, np.radians(105), N_RINGS)
    around = np.linspace(0, 2 * np.pi, N_SPOKES, endpoint=False)
    ring = np.stack([np.cos(around), np.sin(around)], -1)
    direction = np.concatenate(
        [
            np.sin(polar)[:, None, None] * ring,
            np.broadcast_to(np.cos(polar)[:, None, None], (N_RINGS, N_SPOKES, 1)),
        ],
        axis=-1,
    )
    vertices, triangles = tube(direction)
    ramp = np.clip((vertices[:, 1] - SHADE_FROM) / (SHADE_TO - SHADE_FROM), 0, 1)
    corner = np.clip((np.abs(vertices[:, 0]) - 0.55) / 0.5, 0, 1)
    shade = 1 - 0.55 * ramp * ramp * (3 - 2 * ramp) - 0.25 * corner
    colour = shade[:, None] * np.array([1.0, 0.97, 0.95])
    return make_part(
        centre + EYEBALL_RADIUS * vertices,
        triangles,
        Material.EYE,
        Label.FACE,
        colour,
        local=vertices,
        bias=0.7,
        casts=False,
        carrier=Carrier.EYE,
    )


def sockets(rest: Float[np.ndarray, "468 3"]) -> list[Part]:
    """Flesh behind the lids that is visible in the corners, beyond the eyeball."""
    parts = []
    for rim in EYES:
        loop = rest[rim] + np.array([0.0, 0.0, -0.3])
        vertices = np.concatenate([loop, loop.mean(axis=0, keepdims=True)])
        index = np.arange(len(rim))
        triangles = np.stack([index, np.roll(index, -1), np.full(len(rim), len(rim))], axis=1)
        parts.append(make_part(vertices, triangles, Material.FLESH, Label.FACE, CARUNCLE, bias=1.0, casts=False))
    return parts
