"""Pose optimizer: a small correction of the tracked poses, trained with the head."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from beavervision.nerf.precision import full_precision
from beavervision.stages.radnerf_head.batch import FrameBatch, RayBatch

BatchT = TypeVar("BatchT", RayBatch, FrameBatch)

COMPONENTS = 8
"""Number of principal components of facial motion on which the correction depends: at least nine tenths of the
variance."""

WIDTH = COMPONENTS + 7
"""Number of tracking features: those components, eye openness, rotation (3) and translation (3)."""

MIN_SINGULAR_VALUE = 0.05
"""Lower limit of a component's standard deviation relative to the first one's: less is tracking noise."""

MAX_DEVIATIONS = 3.0
"""Standard deviations to which the features are clamped, to avoid extrapolation beyond the training frames."""

TURN, SHIFT = 0.02, 0.2
"""Scale of the correction, radians and cm: about the tracker's noise."""


def tracked_features(
    condition: Float[np.ndarray, "T C"],
    eye: Float[np.ndarray, "T"],
    rotation: Float[np.ndarray, "T 3 3"],
    translation: Float[np.ndarray, "T 3"],
    training: Bool[np.ndarray, "T"],
) -> Float[np.ndarray, "T K"]:
    """Tracking features of each frame, with zero mean and unit deviation over the training frames.

    Args:
        condition: normalised landmark condition; like all inputs, without gaps.
        eye: normalised openness of the eyes.
        rotation: rotation, head to camera.
        translation: translation in camera space, cm.
        training: frames for the statistics.
    """
    centred = condition - condition[training].mean(0)
    _, _, axes = np.linalg.svd(centred[training], full_matrices=False)
    moves = np.zeros((len(condition), COMPONENTS))
    moves[:, : len(axes)] = centred @ axes[:COMPONENTS].T
    spread = moves[training].std(0)
    moves /= np.maximum(spread, max(MIN_SINGULAR_VALUE * spread[0], 1e-6))
    turns = Rotation.from_matrix(rotation)
    mean = turns[training].mean()  # pyright: ignore[reportArgumentType]  # the stub lacks masks
    turned = (turns * mean.inv()).as_rotvec()
    others = np.column_stack([eye, turned, translation])
    others = others / np.maximum(others[training].std(0), 1e-6)
    values = np.column_stack([moves, others])
    values = values - values[training].mean(0)
    return values.clip(-MAX_DEVIATIONS, MAX_DEVIATIONS).astype(np.float32)


class PoseOptimizer(nn.Module):
    """Rotates and shifts each frame's camera slightly, as a linear function of the tracking features.

    A tracker's errors are systematic: the head nods when the jaw drops, and large turns are underestimated. Measured on
    20 s of real footage: if every training frame is corrected independently, seven tenths of the correction's variance
    can be predicted from the frame's tracked expression and pose (eight parts of the clip, each predicted from the
    others). A linear function generalises to other frames, does not grow with the footage, and has zero mean over the
    training frames, so that it cannot absorb a common offset of the head.

    Args:
        width: number of tracking features.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.rule = nn.Linear(width, 6, bias=False)
        nn.init.zeros_(self.rule.weight)

    @full_precision
    def forward(
        self,
        tracked: Float[Tensor, "F K"],
        rotation: Float[Tensor, "F 3 3"],
        translation: Float[Tensor, "F 3"],
    ) -> tuple[Float[Tensor, "F 3 3"], Float[Tensor, "F 3"]]:
        """Corrected poses of frames.

        Args:
            tracked: `tracked_features` of the frames.
            rotation: rotation, head to camera.
            translation: translation in camera space, cm.
        """
        turn, shift = self.rule(tracked).split(3, -1)
        return torch.linalg.matrix_exp(_cross(turn * TURN)) @ rotation, translation + shift * SHIFT

    def correct(self, batch: BatchT) -> BatchT:
        """Return the same batch with corrected poses."""
        rotation, translation = self(batch.face.tracked, batch.rotation, batch.translation)
        return replace(batch, rotation=rotation, translation=translation)

    @full_precision
    def penalty(self, tracked: Float[Tensor, "F K"]) -> Float[Tensor, ""]:
        """Mean squared correction, in units of TURN and SHIFT."""
        return self.rule(tracked).square().mean()


def _cross(v: Float[Tensor, "F 3"]) -> Float[Tensor, "F 3 3"]:
    """Matrix of the cross product with v."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
