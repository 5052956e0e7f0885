"""A small correction of the tracked poses, learned with the head."""

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
"""Principal components of the face's movement that the tracker's errors may follow: nine tenths of it and more."""

WIDTH = COMPONENTS + 7
"""Numbers that say how a frame was tracked: those components, how far the eyes are open, turn (3) and place (3)."""

MIN_SINGULAR_VALUE = 0.05
"""Spread that a component counts as at least, as a share of the first one's: less is the tracker's noise."""

MAX_DEVIATIONS = 3.0
"""Standard deviations to which they are held: nothing is known of a correction beyond what training frames show."""

TURN, SHIFT = 0.02, 0.2
"""Radians and cm of a correction of one: about the tracker's noise."""


def tracked_features(
    condition: Float[np.ndarray, "T C"],
    eye: Float[np.ndarray, "T"],
    rotation: Float[np.ndarray, "T 3 3"],
    translation: Float[np.ndarray, "T 3"],
    training: Bool[np.ndarray, "T"],
) -> Float[np.ndarray, "T K"]:
    """How each frame was tracked, with mean zero and unit spread over the training frames.

    Args:
        condition: normalised landmark condition, without gaps, as everything here.
        eye: normalised openness of the eyes.
        rotation: head to camera.
        translation: cm, camera space.
        training: frames that statistics come from.
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
    """Turns and shifts each frame's camera a little, linearly in how the frame was tracked.

    A tracker errs by rule: it nods when a jaw drops, it turns too little when a head turns far. Measured on 20 s of
    real footage: when every training frame is corrected on its own, seven tenths of the correction's variance follow
    from the frame's tracked expression and pose (eight parts of the clip, each predicted from the others). So the
    rule is what is learned: it says something of frames that were never seen, it does not grow with the footage,
    and it has mean zero over the training frames by nature: what all frames share belongs to the head.

    Args:
        width: numbers that say how a frame was tracked.
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
            rotation: head to camera.
            translation: cm, camera space.
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
