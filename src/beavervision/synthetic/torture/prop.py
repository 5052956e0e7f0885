"""Things that get in the way of a face."""

from __future__ import annotations

import numpy as np

from beavervision.synthetic.implicit import cone, ellipsoid, surface, union
from beavervision.synthetic.material import Material
from beavervision.synthetic.part import Carrier, Part, make_part
from beavervision.types import Label

FOAM, STEEL = np.array([0.020, 0.022, 0.026]), np.array([0.30, 0.31, 0.33])


def microphone() -> list[Part]:
    """A microphone on its stand, in the place of the hand: origin in its head, y up, z towards the camera."""
    ball = surface(ellipsoid((0.0, 0.0, 0.0), (2.7, 3.1, 2.7)), (-3.2, -3.6, -3.2), (3.2, 3.6, 3.2), 0.35)
    grip = cone((0.0, -2.6, 0.0), (1.2, -14.0, 1.5), 1.7, 1.2)
    stand = cone((1.2, -14.0, 1.5), (3.5, -60.0, 4.0), 0.9, 0.9)
    stick = surface(union([grip, stand], 0.4), (-2.5, -63, -3), (6.0, -1.5, 6.5), 0.4)
    return [
        make_part(*ball, Material.TEETH, Label.OTHER, FOAM, carrier=Carrier.HAND),
        make_part(*stick, Material.TEETH, Label.OTHER, STEEL, carrier=Carrier.HAND),
    ]
