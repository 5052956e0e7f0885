"""Which frames show the person with the mouth shut, half open and open: the network's reference patches."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from beavervision.stages.lower_face.network import N_REFERENCES

QUANTILES = (0.05, 0.6, 0.98)
"""Of the mouth's opening over the training frames: shut, half, open."""
TURN_WEIGHT = 0.3
"""How much a turn of the head away from its usual pose counts against a frame, beside an opening that is wrong."""


def choose_references(
    opening: Float[np.ndarray, "N"], rotation: Float[np.ndarray, "N 3 3"], clean: Bool[np.ndarray, "N"]
) -> list[int]:
    """Rows of the reference frames: shut, half, open.

    Args:
        opening: of the mouth.
        rotation: of the head.
        clean: frames with nothing before the face; when there is none, all of them may be chosen.
    """
    rows = np.flatnonzero(clean) if clean.any() else np.arange(len(opening))
    found = opening[rows]
    spread = max(float(np.quantile(found, 0.98) - np.quantile(found, 0.02)), 1e-6)
    usual = np.median(rotation[rows], 0)
    turned = np.linalg.norm(rotation[rows] - usual, axis=(1, 2))
    chosen = [
        int(rows[np.argmin(np.abs(found - np.quantile(found, wanted)) / spread + TURN_WEIGHT * turned)])
        for wanted in QUANTILES
    ]
    assert len(chosen) == N_REFERENCES
    return chosen
