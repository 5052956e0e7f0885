"""Neck, jumper and collar.

Body space is head space of a head that looks straight ahead: the torso stays in it, the neck bends between both.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.implicit import cone, ellipsoid, surface, union
from beavervision.synthetic.material import Material
from beavervision.synthetic.part import Part, make_part, tube
from beavervision.types import Label

JUMPER = np.array([0.055, 0.155, 0.205])
SHIRT = np.array([0.62, 0.63, 0.62])
NECK_ROWS = np.array(
    [
        [-3.0, 5.3, 5.0, -6.8], [-6.0, 5.5, 5.2, -6.7], [-8.5, 5.6, 5.3, -6.9], [-11.0, 5.65, 5.3, -7.3],
        [-13.5, 5.9, 5.5, -7.8], [-15.5, 6.6, 5.9, -8.2], [-17.5, 8.6, 6.6, -8.5], [-19.5, 11.5, 7.4, -8.7],
    ]
)  # fmt: skip
"""Height, half width, half depth, middle's z of the neck's rings, cm."""
SHOULDERS = np.array([[-17.5, -20.5, -8.5], [17.5, -20.5, -8.5], [0.0, -15.5, -8.0]])
"""Right and left shoulder, base of the neck, body space: what a pose detector would call them."""


def neck(skin: Float[np.ndarray, "3"]) -> tuple[Part, Float[np.ndarray, "V"]]:
    """Neck, and each vertex's share of the head's motion."""
    fine = np.linspace(0, len(NECK_ROWS) - 1, 29)
    rows = np.stack([np.interp(fine, np.arange(len(NECK_ROWS)), column) for column in NECK_ROWS.T], 1)
    around = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    # Triangles face outwards when rings run downwards and anticlockwise seen from above is reversed.
    sine, cosine = np.sin(around), np.cos(around)
    cords = 1 + 0.02 * np.cos(4 * (around - 0.6)) * (cosine > 0)
    rings = np.stack(
        [
            rows[:, 1:2] * sine * cords,
            np.broadcast_to(rows[:, :1], (len(rows), 64)),
            rows[:, 3:] + rows[:, 2:3] * cosine * cords,
        ],
        axis=-1,
    )
    vertices, triangles = tube(rings)
    under_chin = np.clip((vertices[:, 1] + 14.5) / 5.0, 0, 1)
    shade = 1 - 0.45 * under_chin * under_chin
    colour = skin * shade[:, None] * np.array([0.97, 0.93, 0.92])
    share = np.clip((vertices[:, 1] + 17.0) / 11.0, 0, 1)
    share = share * share * (3 - 2 * share)
    return make_part(vertices, triangles[:, ::-1], Material.SKIN, Label.NECK, colour), share


def jumper() -> Part:
    """Torso and upper arms in wool."""
    chest = ellipsoid((0.0, -36.0, -9.5), (17.0, 19.0, 10.5))
    slope = [cone((0.0, -19.0, -9.0), (s * 16.0, -22.5, -9.0), 5.0, 5.6) for s in (-1, 1)]
    arms = [cone((s * 17.5, -23.5, -9.0), (s * 21.0, -50.0, -6.0), 5.8, 5.2) for s in (-1, 1)]
    field = union([chest, *slope, *arms], 5.0)
    vertices, triangles = surface(field, (-31, -62, -24), (31, -12, 5), 0.9)
    return make_part(vertices, triangles, Material.CLOTH, Label.TORSO, JUMPER)


def collar() -> list[Part]:
    """Rib of the jumper round the neck, and the edge of a shirt inside it."""
    parts = []
    for lift, x_radius, z_radius, thick, colour in (
        (0.0, 7.7, 6.7, (0.75, 1.0), JUMPER * 0.85),
        (0.75, 7.0, 6.1, (0.32, 0.6), SHIRT),
    ):
        around = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        section = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        out = thick[0] * np.cos(section)[:, None]
        rings = np.stack(
            [
                (x_radius + out) * np.sin(around),
                -16.6 + lift - 1.7 * np.cos(around) + thick[1] * np.sin(section)[:, None],
                -8.3 + (z_radius + out) * np.cos(around),
            ],
            axis=-1,
        )
        rings = np.concatenate([rings, rings[:1]])
        vertices, triangles = tube(rings)
        parts.append(make_part(vertices, triangles, Material.CLOTH, Label.TORSO, colour))
    return parts
