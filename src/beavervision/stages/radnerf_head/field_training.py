"""Training steps of the field."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.distributed import all_gather_rows
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.error_map import ErrorMap
from beavervision.stages.radnerf_head.loss_terms import LossWeights, compute_losses, compute_patch_losses, render_batch
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.pose_optimizer import PoseOptimizer


@dataclass(frozen=True)
class OccupancyUpdate:
    """Interval of occupancy grid updates, and the share of cells per update."""

    every: int = 16
    """Steps between updates."""
    share: float = 0.25
    """Share of the cells that an update evaluates, in (0, 1]."""


class FieldTraining:
    """Computes the loss of a training step of the field. It owns neither parameters nor random state.

    Args:
        network: the head network.
        poses: pose optimizer; None to use the tracked poses.
        errors: error map; None where pixels are not sampled by error.
        error_share: share of a step's pixels that are sampled by error.
        perceptual: perceptual loss of patches.
        weights: weights of the loss terms.
        occupancy_update: interval and share of occupancy updates.
        seed: seed of the pixels that are sampled by error.
    """

    def __init__(
        self,
        network: HeadNetwork,
        poses: PoseOptimizer | None,
        errors: ErrorMap | None,
        error_share: float,
        perceptual: PerceptualLoss,
        weights: LossWeights,
        occupancy_update: OccupancyUpdate,
        seed: int,
    ) -> None:
        self.network, self.poses, self.perceptual = network, poses, perceptual
        self.errors, self.error_share, self.seed = errors, error_share, seed
        self.weights, self.occupancy_update = weights, occupancy_update
        self.shown: tuple[int, ...] = ()
        """Frames of the clip of the last step's pixels."""

    def loss(
        self, batch: RayBatch, data: HeadData, step: int, generator: torch.Generator, *, patches: bool
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Loss of a step, and the rays' mean squared error, which is one of its terms.

        Args:
            batch: batch of rays.
            data: the set-up DataModule.
            step: step number, which determines patches and cells.
            generator: random generator of the samples' positions and the background colours.
            patches: whether to add the patch loss.
        """
        if self.errors is not None:
            count = round(self.error_share * batch.pixels.shape[1])
            batch = data.redrawn(batch, self.errors.choose(batch, count, [self.seed, step, 1]))
        condition = self.network.encode(batch.face.windows, batch.face.eye)
        if not self.network.in_shell and step % self.occupancy_update.every == 0:
            self._update_occupancy(all_gather_rows(condition.detach()), generator)
        shown = render_batch(self.network, self._posed(batch), condition, generator)
        loss, error, errors = compute_losses(shown, batch, generator, self.weights)
        if self.errors is not None:
            self.errors.update(batch, errors)
        self.shown = batch.shown
        if patches:
            loss = loss + self._patch_loss(data, step, generator)
        if self.poses is not None:
            loss = loss + self.weights.pose * self.poses.penalty(batch.face.tracked)
        return loss, error

    def _patch_loss(self, data: HeadData, step: int, generator: torch.Generator) -> Float[Tensor, ""]:
        batch = data.patch_batch(step, self.perceptual.plan).to(self.network.box.device)
        self.shown += batch.shown
        return compute_patch_losses(self.network, self._posed(batch), generator, self.perceptual)

    def _posed(self, batch: RayBatch) -> RayBatch:
        return batch if self.poses is None else self.poses.correct(batch)

    @torch.no_grad()
    def _update_occupancy(self, condition: Float[Tensor, "F C"], generator: torch.Generator) -> None:
        """Update the occupancy grid, each cell under one of the batch's conditions."""

        def density_at(points: Float[Tensor, "N 3"]) -> Float[Tensor, "N"]:
            under = torch.randint(len(condition), (len(points),), generator=generator).to(points.device)
            return self.network.geometry(points[:, None], condition[under])[0][:, 0]

        self.network.occupancy.refresh(density_at, self.occupancy_update.share, generator)
