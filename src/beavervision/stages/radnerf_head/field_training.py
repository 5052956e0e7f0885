"""Steps of the field's training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.distributed import gathered
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.error_map import ErrorMap
from beavervision.stages.radnerf_head.loss_terms import LossWeights, compute_losses, compute_patch_losses, render_batch
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.pose_optimizer import PoseOptimizer


@dataclass(frozen=True)
class OccupancyUpdate:
    """How often the occupancy is looked at, and how much of it."""

    every: int = 16
    """Steps between looks."""
    share: float = 0.25
    """Of the cells, at each look."""


class FieldTraining:
    """What the field learns from in a step; it owns nothing that learns, nor anything random.

    Args:
        network: the head.
        poses: corrections of the tracked poses; None for these as they are.
        errors: where frames are still rendered badly; None where pixels are not drawn by it.
        error_share: share of a step's pixels that are.
        perceptual: judges squares.
        weights: of the loss's terms.
        looks: at the occupancy.
        seed: of the pixels that the errors choose.
    """

    def __init__(
        self,
        network: HeadNetwork,
        poses: PoseOptimizer | None,
        errors: ErrorMap | None,
        error_share: float,
        perceptual: PerceptualLoss,
        weights: LossWeights,
        looks: OccupancyUpdate,
        seed: int,
    ) -> None:
        self.network, self.poses, self.perceptual = network, poses, perceptual
        self.errors, self.error_share, self.seed = errors, error_share, seed
        self.weights, self.looks = weights, looks
        self.shown: tuple[int, ...] = ()
        """Frames of the clip that the last step's pixels came from."""

    def loss(
        self, batch: RayBatch, data: HeadData, step: int, chance: torch.Generator, *, squares: bool
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Loss of a step, and the rays' mean squared error that is part of it.

        Args:
            batch: of rays.
            data: set up.
            step: decides which squares and which cells.
            chance: of the samples' places and of the colours behind.
            squares: whether squares judge the field beside single pixels.
        """
        if self.errors is not None:
            count = round(self.error_share * batch.pixels.shape[1])
            batch = data.redrawn(batch, self.errors.choose(batch, count, [self.seed, step, 1]))
        condition = self.network.encode(batch.face.windows, batch.face.eye)
        if not self.network.in_shell and step % self.looks.every == 0:
            self._refresh(gathered(condition.detach()), chance)
        shown = render_batch(self.network, self._posed(batch), condition, chance)
        loss, error, errors = compute_losses(shown, batch, chance, self.weights)
        if self.errors is not None:
            self.errors.update(batch, errors)
        self.shown = batch.shown
        if squares:
            loss = loss + self._squares(data, step, chance)
        if self.poses is not None:
            loss = loss + self.weights.pose * self.poses.penalty(batch.face.tracked)
        return loss, error

    def _squares(self, data: HeadData, step: int, chance: torch.Generator) -> Float[Tensor, ""]:
        batch = data.patch_batch(step, self.perceptual.plan).to(self.network.box.device)
        self.shown += batch.shown
        return compute_patch_losses(self.network, self._posed(batch), chance, self.perceptual)

    def _posed(self, batch: RayBatch) -> RayBatch:
        return batch if self.poses is None else self.poses.correct(batch)

    @torch.no_grad()
    def _refresh(self, condition: Float[Tensor, "F C"], chance: torch.Generator) -> None:
        """Look at the occupancy, each cell under one of the batch's conditions."""

        def density_at(points: Float[Tensor, "N 3"]) -> Float[Tensor, "N"]:
            under = torch.randint(len(condition), (len(points),), generator=chance).to(points.device)
            return self.network.geometry(points[:, None], condition[under])[0][:, 0]

        self.network.occupancy.refresh(density_at, self.looks.share, chance)
