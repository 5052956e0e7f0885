"""How far a pixel's colour speaks for one region of a picture and against another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.ndimage import gaussian_filter

LEVELS = 16
"""Bins of each channel in the histograms of the two regions."""

CERTAINTY = 2.0
"""Largest log-odds that colour has a say of."""


def colour_odds(
    rgb: UInt8[np.ndarray, "H W 3"], region: Bool[np.ndarray, "H W"], rest: Bool[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W"]:
    """Log-odds of each pixel's colour between two regions, within CERTAINTY.

    Args:
        rgb: the picture.
        region: pixels that surely are the one thing.
        rest: pixels that surely are not.
    """
    r, g, b = (rgb.astype(np.int32) * LEVELS // 256).transpose(2, 0, 1)
    bins = (r * LEVELS + g) * LEVELS + b
    shares = []
    for where in (region, rest):
        histogram = np.bincount(bins[where], minlength=LEVELS**3).astype(np.float32).reshape([LEVELS] * 3)
        shares.append(gaussian_filter(histogram, 0.7) / max(1, where.sum()))
    floor = np.float32(1.0 / LEVELS**3)
    table = np.clip(np.log((shares[0] + floor) / (shares[1] + floor)), -CERTAINTY, CERTAINTY).ravel()
    return table[bins]
