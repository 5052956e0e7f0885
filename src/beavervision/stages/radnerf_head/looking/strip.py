"""A row to look at: truth, render, error and depth of a held-out frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

ERROR_GAIN = 4.0
"""Errors are shown this many times too bright."""
PANELS = ("footage", "render", f"error x {ERROR_GAIN:g}", "depth, near bright")


def strip_row(
    truth: Float[np.ndarray, "H W 3"],
    render: Float[np.ndarray, "H W 3"],
    error: Float[np.ndarray, "H W 3"],
    depth: Float[np.ndarray, "H W"] | None,
) -> UInt8[np.ndarray, "H W2 3"]:
    """One frame's row: truth | render | error x 4 | depth, near bright, where it is known.

    Args:
        truth: in [0, 1].
        render: in [0, 1], composited.
        error: what the head is to blame for; signed or not.
        depth: cm; 0 where there is nothing.
    """
    panels = [truth, render, np.abs(error) * ERROR_GAIN]
    if depth is not None:
        panels.append(np.repeat(_shade(depth)[..., None], 3, -1))
    return (np.clip(np.concatenate(panels, 1), 0, 1) * 255).round().astype(np.uint8)


def _shade(depth: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """Brightness of depths: near bright, nothing black."""
    shade = np.zeros_like(depth)
    solid = depth > 0
    if solid.any():
        near, far = np.quantile(depth[solid], [0.01, 0.99])
        shade[solid] = 1 - 0.85 * np.clip((depth[solid] - near) / max(far - near, 1e-6), 0, 1)
    return shade
