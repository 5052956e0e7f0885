"""Smooth curves through a few points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.interpolate import make_interp_spline


def smooth_curve(points: Float[np.ndarray, "N D"], count: int, *, closed: bool = False) -> np.ndarray:
    """Cubic spline through `points`, sampled `count` times."""
    if closed:
        points = np.concatenate([points, points[:1]])
    knots = np.arange(len(points))
    curve = make_interp_spline(knots, points, k=3, bc_type="periodic" if closed else "natural")
    return curve(np.linspace(0, len(points) - 1, count, endpoint=not closed))
