"""Reference patches: frames that show the person from shut to open, warped to the landmarks that are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.compositing.detail_transfer import GRID_STEP, flow_spline, grid_size, landmark_flows, warp_by_flow

QUANTILES = (0.05, 0.4, 0.75, 0.98)
"""Of the mouth's opening over the training frames: shut, a little, half, wide open."""
N_REFERENCES = len(QUANTILES)
UPPER_INNER, LOWER_INNER = [61, 62, 63], [67, 66, 65]
"""iBUG points of the lips' inner edges, one above the other."""
PREFERENCE_CM, LEAST_PREFERENCE = 0.2, -6.0
"""Difference of openings at which a reference's logit is -1, and the least that it can be."""
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


def reference_preference(
    reference_points: Float[np.ndarray, "R 68 2"], points: Float[np.ndarray, "68 2"], pixels_per_cm: float
) -> Float[np.ndarray, "R"]:
    """How much each reference suits a mouth, before any learning: 0 for an equal opening, less for others.

    Without it, lips that should be shut show a sliver of the teeth of the open references.

    Args:
        reference_points: landmarks of the references, patch px.
        points: the landmarks that are wanted, patch px.
        pixels_per_cm: of the patch.

    Returns:
        Logits, added to those of the network's mixture.
    """
    apart = (_opening(reference_points) - _opening(points)) / (PREFERENCE_CM * pixels_per_cm)
    return np.maximum(-(apart**2), LEAST_PREFERENCE).astype(np.float32)


def _opening(points: Float[np.ndarray, "*b 68 2"]) -> Float[np.ndarray, "*b"]:
    """Mean distance of the inner lips, px."""
    upper, lower = points[..., UPPER_INNER, :], points[..., LOWER_INNER, :]
    return np.linalg.norm(upper - lower, axis=-1).mean(-1)


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


@dataclass(frozen=True)
class WarpedReferences:
    """The reference patches of one person, warped by compiled kernels: the same as `warp_references`.

    Args:
        references: patches.
        points: their landmarks, patch px.
    """

    references: UInt8[np.ndarray, "R S S 3"]
    points: Float[np.ndarray, "R 68 2"]

    def warped(self, points: Float[np.ndarray, "68 2"]) -> UInt8[np.ndarray, "R S S 3"]:
        """The patches with their landmarks moved to where they are wanted, patch px."""
        from beavervision.compositing.numba_warp import warp_pictures

        size = self.references.shape[1]
        columns, rows = grid_size((size, size))
        coarse = flow_spline(self.points, points).on_grid(GRID_STEP, columns, rows)
        result = np.empty(self.references.shape, np.uint8)
        warp_pictures(self._pictures, coarse, np.float32(GRID_STEP), result)
        return result

    @cached_property
    def _pictures(self) -> Float[np.ndarray, "R S S 3"]:
        return self.references.astype(np.float32)
