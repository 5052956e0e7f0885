"""Reference patches: frames that show the person from shut to open, warped to the landmarks that are wanted."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.compositing.detail_transfer import landmark_flows, warp_by_flow

QUANTILES = (0.05, 0.4, 0.75, 0.98)
"""Of the mouth's opening over the training frames: shut, a little, half, wide open."""
N_REFERENCES = len(QUANTILES)
TURN_WEIGHT = 0.3
"""How much a turn of the head away from its usual pose counts against a frame, beside an opening that is wrong."""


def choose_references(
    opening: Float[np.ndarray, "N"], rotation: Float[np.ndarray, "N 3 3"], clean: Bool[np.ndarray, "N"]
) -> list[int]:
    """Rows of the reference frames, from shut to open.

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
    return [
        int(rows[np.argmin(np.abs(found - np.quantile(found, wanted)) / spread + TURN_WEIGHT * turned)])
        for wanted in QUANTILES
    ]


def warp_references(
    references: UInt8[np.ndarray, "R S S 3"],
    reference_points: Float[np.ndarray, "R 68 2"],
    points: Float[np.ndarray, "68 2"],
) -> UInt8[np.ndarray, "R S S 3"]:
    """The reference patches with their landmarks moved to where they are wanted.

    Args:
        references: patches of the person.
        reference_points: their landmarks, patch px.
        points: the landmarks that are wanted, patch px.
    """
    size = references.shape[1]
    flows = landmark_flows(reference_points, points, (size, size))
    return np.stack([warp_by_flow(patch, flow) for patch, flow in zip(references, flows, strict=True)])
