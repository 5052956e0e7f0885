"""List of all parts of the actor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from beavervision.face.landmarks import EYE_INNER, EYE_OUTER
from beavervision.synthetic import body, ears, eyes, hair, hand, mouth
from beavervision.synthetic.head_mesh import LID_EDGE, MOUTH_LINING, HeadMesh
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part
from beavervision.synthetic.raster import vertex_normals
from beavervision.synthetic.skin import SKIN
from beavervision.synthetic.texture_canvas import unroll
from beavervision.types import Label

LID_RIM, LASHES = np.array([0.85, 0.66, 0.66]), np.array([0.16, 0.11, 0.10])
"""Tint of the skin on the wet edge of the lower lid, and on the edge of the upper lid, dark with lashes."""


def corner_height(rest: Float[np.ndarray, "468 3"], points: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N"]:
    """Height of the line through the corners of the eyes at the x of each point."""
    outer, inner = rest[EYE_OUTER[1]], rest[EYE_INNER[1]]
    return np.interp(np.abs(points[:, 0]), [inner[0], outer[0]], [inner[1], outer[1]])


def _head_part(head: HeadMesh, rest: np.ndarray) -> Part:
    """Skin of the head, including the lining of mouth and lids."""
    fine = head.vertices(rest)
    material = np.where(head.region == MOUTH_LINING, int(Material.FLESH), int(Material.SKIN))
    colour = np.ones((len(fine), 3))
    lid = np.where((fine[:, 1] > corner_height(rest, fine))[:, None], LASHES, LID_RIM)
    for region, tone in ((MOUTH_LINING, mouth.DARK * 9), (LID_EDGE, lid)):
        inner = np.setdiff1d(head.triangles[head.region == region], head.triangles[head.region != region])
        colour[inner] = np.broadcast_to(tone, colour.shape)[inner]
    local = np.concatenate([unroll(fine), np.ones((len(fine), 1))], axis=1)
    part = make_part(fine, head.triangles, Material.SKIN, Label.FACE, colour, local=local, carrier=Carrier.FACE)
    return replace(part, material=material.astype(np.int32))


def actor_parts(
    head: HeadMesh,
    rest: Float[np.ndarray, "468 3"],
    eye_centres: Float[np.ndarray, "2 3"],
    strands: int,
) -> list[Part]:
    """All parts; at equal depths the earlier part wins.

    Args:
        head: fine mesh of the head.
        rest: neutral face of the actor, head space, cm.
        eye_centres: centres of the right and left eyeball.
        strands: number of hair strands.
    """
    fine = head.vertices(rest)
    return [
        _head_part(head, rest),
        *(eyes.eyeball(centre) for centre in eye_centres),
        *eyes.sockets(rest),
        mouth.upper_teeth(rest),
        mouth.lower_teeth(rest),
        mouth.tongue(rest),
        mouth.throat(rest),
        *ears.ears(rest, SKIN),
        hair.cap(head, fine, vertex_normals(fine, head.triangles)),
        hair.strands(head, fine, strands),
        body.neck(SKIN),
        body.jumper(),
        *body.collar(),
        *hand.hand(SKIN),
    ]
