"""Inside of the mouth: teeth, tongue and throat."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.face.landmarks import LIP_MID_LOWER, LIP_MID_UPPER, LIPS_INNER
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part, tube
from beavervision.synthetic.signed_distance import ellipsoid, surface
from beavervision.types import Label

ENAMEL = np.array([0.76, 0.71, 0.62])
GUM = np.array([0.45, 0.14, 0.13])
TONGUE = np.array([0.42, 0.13, 0.12])
DARK = np.array([0.016, 0.003, 0.003])
UPPER_WIDTHS = (0.86, 0.66, 0.76, 0.70, 0.68, 0.8)
LOWER_WIDTHS = (0.54, 0.58, 0.66, 0.68, 0.70)
"""Width of each lower tooth from the middle outwards, cm."""
COLUMNS = 121
BEHIND_LIPS = 0.45
"""Depth offset of teeth and tongue in cm, so that lips win over them."""


def _teeth(
    widths: tuple[float, ...], front: Float[np.ndarray, "3"], down: float, curve: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row of teeth from the gum to the edges: vertices, triangles, colours.

    Args:
        widths: widths of the teeth from the middle outwards, cm.
        front: middle of the row's edge, head space.
        down: -1 where the teeth point down (upper row), 1 where they point up.
        curve: curvature of the arch, cm back per squared cm of width.
    """
    borders = np.concatenate([[0.0], np.cumsum(widths)])
    arc = np.linspace(-borders[-1], borders[-1], COLUMNS)  # position along the arch
    across = np.linspace(-4.0, 4.0, 801)
    x = np.interp(arc, across * np.sqrt(1 + (curve * across) ** 2), across)  # arc length, to a few per cent
    tooth = np.clip(np.searchsorted(borders, np.abs(arc), side="right") - 1, 0, len(widths) - 1)
    along = (np.abs(arc) - borders[tooth]) / np.asarray(widths)[tooth]  # 0..1 across a tooth
    round_off = np.abs(2 * along - 1) ** 4
    heights = np.array([1.05, 0.75, 0.62, 0.3, 0.12, 0.0])
    rows, colours = [], []
    for h in heights:
        lift = h + (0.12 * round_off + 0.03 * tooth) * (h < 0.2)
        bulge = 0.10 * (1 - round_off) * np.sin(np.pi * np.clip(h + 0.25, 0, 1))
        z = front[2] - curve * x * x + bulge - 0.18 * (h > 0.8)
        rows.append(np.stack([x + front[0], front[1] - down * lift, z], axis=1))
        dim = (1 - 0.55 * round_off**2) * 1 / (1 + 0.12 * x * x)
        gum = np.clip((h - 0.62 - 0.12 * (1 - round_off)) / 0.12, 0, 1)[:, None]
        colours.append(((1 - gum) * ENAMEL + gum * GUM) * np.maximum(dim, 0.05)[:, None])
    vertices, triangles = tube(np.stack(rows), closed=False)
    return vertices, triangles, np.concatenate(colours)


def upper_teeth(rest: Float[np.ndarray, "468 3"]) -> Part:
    """Upper teeth, fixed to the skull, with edges slightly below the upper lip."""
    lip = rest[LIP_MID_UPPER]
    front = np.array([0.0, lip[1] - 0.27, lip[2] - 0.62])
    vertices, triangles, colour = _teeth(UPPER_WIDTHS, front, -1.0, 0.26)
    return make_part(vertices, triangles, Material.TEETH, Label.FACE, colour * 0.9, bias=BEHIND_LIPS, casts=False)


def lower_teeth(rest: Float[np.ndarray, "468 3"]) -> Part:
    """Lower teeth, which move with the jaw, with edges below the lower lip."""
    lip = rest[LIP_MID_LOWER]
    front = np.array([0.0, lip[1] - 0.50, lip[2] - 0.80])
    vertices, triangles, colour = _teeth(LOWER_WIDTHS, front, 1.0, 0.30)
    colour = 0.62 * colour  # in the shadow of the lip
    return make_part(
        vertices,
        triangles,
        Material.TEETH,
        Label.FACE,
        colour,
        bias=BEHIND_LIPS,
        casts=False,
        carrier=Carrier.JAW,
    )


def tongue(rest: Float[np.ndarray, "468 3"]) -> Part:
    """Tongue behind the lower teeth, which moves with the jaw."""
    lip = rest[LIP_MID_LOWER]
    centre = (0.0, lip[1] - 1.05, lip[2] - 2.9)
    vertices, triangles = surface(ellipsoid(centre, (1.75, 0.62, 1.9)), *_box(centre, 2.2), cell=0.2)
    depth = np.clip((vertices[:, 2] - centre[2] + 0.5) / 2.2, 0.1, 1.0)
    colour = TONGUE * depth[:, None] * 0.7
    return make_part(
        vertices, triangles, Material.FLESH, Label.FACE, colour, bias=BEHIND_LIPS, casts=False, carrier=Carrier.JAW
    )


def _box(centre: tuple[float, float, float], reach: float) -> tuple[tuple, tuple]:
    return tuple(c - reach for c in centre), tuple(c + reach for c in centre)


def throat(rest: Float[np.ndarray, "468 3"]) -> Part:
    """Dark surface behind everything, open towards the lips."""
    lip, corner = rest[LIP_MID_LOWER], rest[LIPS_INNER[10]]
    around = np.linspace(-np.pi / 2, np.pi / 2, 17)
    heights = np.array([1.6, 1.2, 0.0, -1.2, -2.4, -3.2])
    width = np.array([0.3, 1.0, 1.08, 1.05, 0.95, 0.3])[:, None] * (corner[0] + 0.35)
    wall = np.stack(
        [
            width * np.sin(around),
            np.broadcast_to(lip[1] + heights[:, None], (len(heights), len(around))),
            corner[2] - 0.7 - 0.6 * width * np.cos(around),
        ],
        axis=-1,
    )
    vertices, triangles = tube(wall, closed=False)
    return make_part(vertices, triangles, Material.FLESH, Label.FACE, DARK, bias=0.6, casts=False)
