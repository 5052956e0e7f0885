"""Ears: rim, fold, concha and lobe as a smooth union."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.curves import smooth_curve
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Part, make_part
from beavervision.synthetic.signed_distance import carve, cone, ellipsoid, surface, union
from beavervision.types import Label

RIM = np.array(
    [
        [0.45, 0.5, -0.3], [0.7, 1.7, -0.35], [1.05, 2.75, -1.1], [1.4, 2.9, -2.1], [1.7, 2.2, -2.9],
        [1.75, 1.0, -3.2], [1.5, -0.4, -2.9], [1.15, -1.7, -2.0], [0.9, -2.5, -1.2],
    ]
)  # fmt: skip
"""Curve of the rim, cm: x away from the head, y up, z to the front, relative to the ear's root."""
WIDEST = 454
"""Landmark of the face outline in front of the left ear."""
FOLD = np.array([[0.95, -1.2, -1.4], [1.15, -0.2, -1.95], [1.15, 1.0, -1.95], [1.1, 1.9, -1.5]])
HOLLOW = (0.45, 0.0, -1.1)
"""Point where the spokes of the ear's plate meet."""
ROOT = np.array([-0.30, 1.0, -0.8])
"""Root of the left ear on the head, cm from the outline's widest point."""


def _ear() -> tuple[np.ndarray, np.ndarray]:
    """Left ear relative to its root."""
    rim = [cone(tuple(a), tuple(b), 0.29, 0.29) for a, b in pairwise(smooth_curve(RIM, 22))]
    fold = [cone(tuple(a), tuple(b), 0.24, 0.2) for a, b in pairwise(FOLD)]
    edge = smooth_curve(0.92 * RIM, 22)
    spokes = [cone(HOLLOW, tuple(point), 0.32, 0.22) for point in edge]
    plate = union([ellipsoid((0.15, 0.0, -0.9), (0.8, 2.0, 1.0)), *spokes], 0.4)
    bowl = carve(plate, ellipsoid((1.3, -0.35, -1.05), (0.75, 1.0, 0.7)), 0.3)
    lobe = ellipsoid((0.72, -2.25, -0.85), (0.34, 0.75, 0.72))
    tragus = ellipsoid((0.5, -0.3, -0.15), (0.3, 0.5, 0.3))
    field = union([union([bowl, lobe], 0.6), tragus, *rim, *fold], 0.25)
    return surface(field, (-0.7, -3.6, -4.0), (2.4, 3.6, 0.6), 0.14)


def ears(rest: Float[np.ndarray, "468 3"], skin: Float[np.ndarray, "3"]) -> list[Part]:
    """Right and left ear in head space; the rim is redder, the concha darker.

    Args:
        rest: neutral face of the actor, head space, cm.
        skin: linear colour of the skin.
    """
    vertices, triangles = _ear()
    from_bowl = np.linalg.norm((vertices - [1.0, -0.2, -1.0]) / [0.9, 1.2, 0.9], axis=1)
    shade = 0.42 + 0.58 * np.clip(from_bowl - 0.5, 0, 1)
    outward = np.clip((vertices[:, :1] - 0.9) / 0.9, 0, 1)
    colour = skin * shade[:, None] * (1 + outward * np.array([0.06, -0.10, -0.10]))
    left = 0.95 * vertices + rest[WIDEST] + ROOT
    right = left * np.array([-1.0, 1.0, 1.0])
    return [
        make_part(right, triangles[:, ::-1], Material.SKIN, Label.FACE, colour),
        make_part(left, triangles, Material.SKIN, Label.FACE, colour),
    ]
