"""Fills holes in a rendered person: pixels inside the outline that are not opaque.

A field that is trained on a few thousand rays may explain parts of a dark iris or a hairline by the background behind
them, and between head and torso a gap of a pixel may open. Over the footage's own background this is invisible; over
another background, or cut out, it shows.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from beavervision.compositing.layers import grow

CLOSED = 0.007
"""Gaps up to twice this width, in canvas heights, are closed: less than a finger's breadth on a face."""
RIM = 0.007
"""Depth inside the outline, in canvas heights, up to which opacity stays as rendered (soft hair), and over which it
then rises to 1."""
SEEN = 0.25
"""Opacity from which a pixel belongs to the person."""
LEAST = 1 / 255


def fill_holes(
    colour: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"]
) -> tuple[Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]:
    """Fill the holes of a rendered image.

    Args:
        colour: colour, premultiplied by opacity.
        alpha: opacity.

    Returns:
        Colour and opacity with an opaque inside; holes take the colour of their surroundings.
    """
    height, width = alpha.shape
    reach = CLOSED * height
    closed = ~grow(~grow(alpha > SEEN, reach), reach)
    depth = cv2.distanceTransform(closed.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if closed.all():
        depth = np.full(alpha.shape, np.inf, np.float32)
    lacking = np.clip(depth / (RIM * height) - 1, 0, 1) * np.clip(1 - alpha, 0, 1)
    rows, columns = (np.flatnonzero((lacking > LEAST).any(axis)) for axis in (1, 0))
    if not len(rows):
        return colour, alpha
    room = int(np.ceil(3 * reach))
    part = (
        slice(max(0, rows[0] - room), min(height, rows[-1] + room + 1)),
        slice(max(0, columns[0] - room), min(width, columns[-1] + room + 1)),
    )
    around = np.dstack([colour[part], alpha[part]]).astype(np.float32)
    around = cv2.GaussianBlur(around, (0, 0), reach, borderType=cv2.BORDER_REPLICATE)
    missing = lacking[part].astype(np.float32)
    colour, alpha = colour.copy(), alpha.copy()
    colour[part] += missing[..., None] * around[..., :3] / np.maximum(around[..., 3:], 1e-3)
    alpha[part] += missing
    return colour, alpha
