"""Neck, jumper and collar.

Body space equals the head space of a head that looks straight ahead: the torso is fixed in it, the neck interpolates
between head and body.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part, tube
from beavervision.synthetic.signed_distance import cone, ellipsoid, surface, union
from beavervision.types import Label

JUMPER = np.array([0.055, 0.155, 0.205])
SHIRT = np.array([0.62, 0.63, 0.62])
NECK_ROWS = np.array(
    [
        [-5.5, 4.6, 4.2, -7.6], [-7.0, 5.0, 4.9, -7.4], [-8.5, 5.2, 5.3, -7.1], [-11.0, 5.25, 5.3, -7.3],
        [-13.5, 5.5, 5.5, -7.8], [-15.5, 6.2, 5.8, -8.3], [-17.5, 6.7, 5.9, -8.6], [-19.5, 6.7, 5.9, -8.8],
    ]
)  # fmt: skip
"""Height, half width, half depth and z of the middle of the neck's rings, cm."""
SHOULDERS = np.array([[-17.5, -20.5, -8.5], [17.5, -20.5, -8.5], [0.0, -15.5, -8.0]])
"""Right and left shoulder and base of the neck in body space, as a pose detector defines them."""


def neck(skin: Float[np.ndarray, "3"]) -> Part:
    """Neck: its top moves with the head, its base with the body.

    Args:
        skin: linear colour of the skin.
    """
    fine = np.linspace(0, len(NECK_ROWS) - 1, 29)
    rows = np.stack([np.interp(fine, np.arange(len(NECK_ROWS)), column) for column in NECK_ROWS.T], 1)
    around = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    # The rings go downwards and, seen from above, anticlockwise, so the triangles are reversed to face outwards.
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
    part = make_part(vertices, triangles[:, ::-1], Material.SKIN, Label.NECK, colour, carrier=Carrier.NECK)
    return replace(part, share=share)


def jumper() -> Part:
    """Torso and upper arms of the knitted jumper."""
    chest = ellipsoid((0.0, -37.0, -9.5), (16.0, 18.5, 10.0))
    yoke = cone((0.0, -18.6, -8.8), (0.0, -26.0, -9.2), 6.5, 9.5)
    slope = [cone((s * 4.0, -18.6, -9.2), (s * 15.5, -24.3, -9.2), 3.9, 4.6) for s in (-1, 1)]
    arms = [cone((s * 16.6, -25.6, -9.2), (s * 20.0, -52.0, -6.5), 5.0, 4.8) for s in (-1, 1)]
    field = union([chest, yoke, *slope, *arms], 4.0)
    vertices, triangles = surface(field, (-31, -62, -24), (31, -12, 5), 0.9)
    return make_part(vertices, triangles, Material.CLOTH, Label.TORSO, JUMPER, local=vertices, carrier=Carrier.BODY)


def collar() -> list[Part]:
    """Ribbed collar of the jumper, and the edge of a shirt inside it."""
    parts = []
    for lift, x_radius, z_radius, thick, colour in (
        (0.0, 7.35, 6.5, (0.62, 0.95), JUMPER * 0.8),
        (0.62, 6.85, 6.05, (0.30, 0.75), SHIRT),
    ):
        around = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        section = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        out = thick[0] * np.cos(section)[:, None] - 0.25 * np.sin(section)[:, None]
        rings = np.stack(
            [
                (x_radius + out) * np.sin(around),
                -16.3 + lift - 1.3 * np.cos(around) + thick[1] * np.sin(section)[:, None],
                -8.3 + (z_radius + out) * np.cos(around),
            ],
            axis=-1,
        )
        rings = np.concatenate([rings, rings[:1]])
        vertices, triangles = tube(rings)
        parts.append(make_part(vertices, triangles, Material.CLOTH, Label.TORSO, colour, carrier=Carrier.BODY))
    return parts
