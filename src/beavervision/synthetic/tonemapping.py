"""Converts linear light and visibility to 8-bit images and label maps."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.ndimage import gaussian_filter

from beavervision.types import Label

GAMMA = 2.2
SOFTNESS = 0.55
"""Blur of the lens and sensor, px."""
N_LABELS = len(Label)


@dataclass(frozen=True)
class Picture:
    """A rendered image of the actor with its exact label map."""

    rgb: UInt8[np.ndarray, "H W 3"]
    labels: UInt8[np.ndarray, "H W"]


@numba.njit(cache=True, nogil=True)
def _vote(seen: np.ndarray, label: np.ndarray, factor: int, out: np.ndarray) -> None:
    count = np.zeros(N_LABELS, np.int64)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            count[:] = 0
            for i in range(y * factor, (y + 1) * factor):
                for j in range(x * factor, (x + 1) * factor):
                    count[label[seen[i, j]] if seen[i, j] >= 0 else 0] += 1
            out[y, x] = np.argmax(count)


def majority(seen: Int[np.ndarray, "S T"], label: Int[np.ndarray, "F"], factor: int) -> UInt8[np.ndarray, "H W"]:
    """Label of each pixel: the most frequent of its factor x factor samples, the lowest of equally frequent ones."""
    out = np.empty((seen.shape[0] // factor, seen.shape[1] // factor), np.uint8)
    _vote(seen, label, factor, out)
    return out


def develop(linear: Float[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Apply lens blur, tone curve with soft highlights, gamma and 8-bit quantisation."""
    linear = gaussian_filter(linear, (SOFTNESS, SOFTNESS, 0))
    shoulder = linear * (1 + linear / 6.0) / (1 + linear * 0.55)
    return (np.clip(shoulder, 0, 1) ** (1 / GAMMA) * 255 + 0.5).astype(np.uint8)
