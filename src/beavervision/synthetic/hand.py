"""A right hand with its sleeve, fingers together and slightly bent."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.body import JUMPER
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part
from beavervision.synthetic.signed_distance import cone, ellipsoid, surface, union
from beavervision.types import Label

# Joints of each finger from the knuckle to the tip, cm; y along the fingers, x to the little finger, z to the back.
FINGERS = (
    ((-2.9, 3.9, 0.1), (-3.3, 6.9, 0.25), (-3.35, 9.0, -0.25), (-3.3, 10.6, -0.95)),
    ((-1.0, 4.4, 0.25), (-1.1, 7.8, 0.35), (-1.1, 10.2, -0.25), (-1.05, 12.0, -1.05)),
    ((0.9, 4.1, 0.15), (1.05, 7.3, 0.2), (1.1, 9.6, -0.4), (1.1, 11.2, -1.2)),
    ((2.7, 3.3, -0.1), (3.1, 5.6, -0.1), (3.25, 7.3, -0.65), (3.3, 8.7, -1.35)),
)
THUMB = ((-2.9, -1.8, -0.4), (-4.6, 0.6, -1.0), (-5.3, 3.0, -1.4), (-5.5, 5.0, -1.7))
RADII = (0.92, 0.84, 0.74, 0.62)


def _finger(joints: tuple[tuple[float, float, float], ...], thick: float) -> list:
    return [
        cone(a, b, thick * ra, thick * rb)
        for a, b, ra, rb in zip(joints[:-1], joints[1:], RADII[:-1], RADII[1:], strict=True)
    ]


def hand(skin: Float[np.ndarray, "3"]) -> list[Part]:
    """Hand and sleeve in the hand's frame: origin in the palm, y along the fingers, z out of the back.

    Args:
        skin: linear colour of the skin.
    """
    palm = [
        ellipsoid((-0.1, 0.6, 0.0), (3.9, 4.4, 1.25)),
        ellipsoid((-2.2, -2.0, -0.4), (1.7, 2.4, 1.3)),
        cone((-0.2, -3.0, 0.0), (-0.2, -9.0, 0.0), 2.5, 2.7),
    ]
    fingers = [union(_finger(joints, 1.0), 0.25) for joints in FINGERS]
    thumb = union(_finger(THUMB, 1.12), 0.4)
    field = union([union(palm, 1.6), *fingers, thumb], 0.55)
    vertices, triangles = surface(field, (-7.2, -9.5, -3.5), (5.5, 13.5, 2.8), 0.24)
    tip = np.clip((vertices[:, 1] - 8.0) / 4.0, 0, 1)[:, None]
    knuckle = np.exp(-((vertices[:, 1:2] - 4.2) ** 2) / 0.8) + np.exp(-((vertices[:, 1:2] - 7.5) ** 2) / 0.5)
    colour = skin * (1 + (0.6 * tip + 0.5 * knuckle) * np.array([0.02, -0.14, -0.14]))
    sleeve = surface(
        union([cone((-0.2, -7.6, 0.0), (1.0, -34.0, -3.0), 3.4, 4.9)], 1.0),
        (-6.5, -38, -9),
        (7.0, -6.5, 4.5),
        0.6,
    )
    cuff = surface(
        union([cone((-0.2, -7.2, 0.0), (-0.15, -8.8, -0.1), 3.45, 3.5)], 0.5), (-5, -13, -5), (5, -3, 5), 0.45
    )
    return [
        make_part(vertices, triangles, Material.SKIN, Label.HAND, colour, carrier=Carrier.HAND),
        make_part(*sleeve, Material.CLOTH, Label.TORSO, JUMPER, carrier=Carrier.HAND),
        make_part(*cuff, Material.CLOTH, Label.TORSO, JUMPER * 0.85, carrier=Carrier.HAND),
    ]
