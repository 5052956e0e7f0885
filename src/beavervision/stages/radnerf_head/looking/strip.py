"""A picture to look at: truth, render, error and depth of held-out frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

ERROR_GAIN = 4.0
"""Errors are shown this many times too bright."""
PANELS = ("footage", "render", f"error x {ERROR_GAIN:g}", "depth, near bright")
STRIP_CAPTION = " | ".join(PANELS)


def strip_row(
    truth: Float[np.ndarray, "H W 3"],
    render: Float[np.ndarray, "H W 3"],
    depth: Float[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H 4W 3"]:
    """One frame's row: truth | render | error x 4 | depth, near bright.

    Args:
        truth: in [0, 1].
        render: in [0, 1], composited.
        depth: cm; 0 where there is nothing.
    """
    error = np.clip(np.abs(truth - render) * ERROR_GAIN, 0, 1)
    shade = np.zeros_like(depth)
    solid = depth > 0
    if solid.any():
        near, far = np.quantile(depth[solid], [0.01, 0.99])
        shade[solid] = 1 - 0.85 * np.clip((depth[solid] - near) / max(far - near, 1e-6), 0, 1)
    panels = [truth, render, error, np.repeat(shade[..., None], 3, -1)]
    return (np.clip(np.concatenate(panels, 1), 0, 1) * 255).round().astype(np.uint8)
