"""Appearance of other people: identity, and colours of skin, hair and clothes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from beavervision.face.gpmm import load_gpmm
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.material import Material
from beavervision.synthetic.mesh_part import Carrier, Part, make_part
from beavervision.synthetic.signed_distance import cone, ellipsoid, surface, union
from beavervision.synthetic.texture_canvas import COARSE
from beavervision.types import Label

Tint = tuple[float, float, float]
PLAIN: Tint = (1.0, 1.0, 1.0)
LEVELS = 1
"""Subdivision levels of the head: enough for the small images of the torture set."""
STRANDS, PIXELS_PER_STRAND = 2500, 150
"""Largest number of hair strands, and image pixels required per strand."""


@dataclass(frozen=True)
class Look:
    """Differences of a person from the actor: factors of the linear colours."""

    name: str
    identity: Float[np.ndarray, "I"]
    skin: Tint = PLAIN
    hair: Tint = PLAIN
    cloth: Tint = PLAIN


def robin() -> Look:
    """The shipped actor."""
    return Look("robin", actor_identity())


def sasha() -> Look:
    """Another person: a longer, narrower face, dark skin, black hair, a red jumper."""
    shape = np.random.default_rng(23).normal(size=len(actor_identity()))
    shape[12:] *= 0.4
    return Look("sasha", 0.75 * shape, (0.42, 0.36, 0.34), (0.25, 0.28, 0.35), (6.0, 0.35, 0.30))


def dressed(parts: Sequence[Part], look: Look) -> list[Part]:
    """Parts in the colours of an appearance; the head is unchanged, because its skin is in the texture."""
    tints = {Material.SKIN: look.skin, Material.HAIR: look.hair, Material.CLOTH: look.cloth}
    coloured = []
    for part in parts:
        tint = PLAIN if part.carrier is Carrier.FACE else tints.get(Material(int(part.material[0])), PLAIN)
        coloured.append(replace(part, colour=(part.colour * np.array(tint)).astype(np.float32)))
    return coloured


def cast(look: Look, size: tuple[int, int], *, microphone_held: bool = False) -> Actor:
    """An actor of this appearance for images of `size` (width, height).

    Args:
        look: the appearance.
        size: size of the image, px.
        microphone_held: whether a microphone replaces the hand.
    """

    def change(parts: list[Part]) -> list[Part]:
        if microphone_held:
            parts = [*(part for part in parts if part.carrier is not Carrier.HAND), *microphone()]
        return dressed(parts, look)

    width, height = size
    actor = Actor(
        look.identity, load_gpmm(), width=width, height=height,
        strands=min(STRANDS, width * height // PIXELS_PER_STRAND), levels=LEVELS, texels_per_cm=COARSE, dressed=change,
    )  # fmt: skip
    actor.texture[..., :3] *= np.array(look.skin, np.float32)
    return actor


FOAM, STEEL = np.array([0.020, 0.022, 0.026]), np.array([0.30, 0.31, 0.33])


def microphone() -> list[Part]:
    """A microphone on its stand, which replaces the hand: origin in its head, y up, z towards the camera."""
    ball = surface(ellipsoid((0.0, 0.0, 0.0), (2.7, 3.1, 2.7)), (-3.2, -3.6, -3.2), (3.2, 3.6, 3.2), 0.35)
    grip = cone((0.0, -2.6, 0.0), (1.2, -14.0, 1.5), 1.7, 1.2)
    stand = cone((1.2, -14.0, 1.5), (3.5, -60.0, 4.0), 0.9, 0.9)
    stick = surface(union([grip, stand], 0.4), (-2.5, -63, -3), (6.0, -1.5, 6.5), 0.4)
    return [
        make_part(*ball, Material.TEETH, Label.OTHER, FOAM, carrier=Carrier.HAND),
        make_part(*stick, Material.TEETH, Label.OTHER, STEEL, carrier=Carrier.HAND),
    ]
