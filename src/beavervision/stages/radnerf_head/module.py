"""LightningModule that trains the head."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from beavervision.data.sampling import spread_indices
from beavervision.errors import ConfigError
from beavervision.metrics.lpips import Lpips
from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.radnerf_head.averaging import WeightAverage
from beavervision.stages.radnerf_head.batch import FrameBatch, RayBatch, describe_frames
from beavervision.stages.radnerf_head.bundle_export import head_bundle_contents
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.distilled.distillation import Distillation
from beavervision.stages.radnerf_head.error_map import ErrorMap
from beavervision.stages.radnerf_head.field_training import FieldTraining, OccupancyUpdate
from beavervision.stages.radnerf_head.limits import MODEL
from beavervision.stages.radnerf_head.loss_terms import LossWeights
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.optimizers import parameter_groups, progress, rate
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.pose_optimizer import BatchT, PoseOptimizer
from beavervision.stages.radnerf_head.surface_shell import find_shell
from beavervision.stages.radnerf_head.training_schedule import Phase, TrainingSchedule
from beavervision.stages.radnerf_head.visualization.film_figures import film_figures
from beavervision.stages.radnerf_head.visualization.frame_strips import spread_positions
from beavervision.stages.radnerf_head.visualization.held_out_renders import (
    Render,
    render_held_out_distilled,
    render_held_out_full,
)
from beavervision.stages.radnerf_head.visualization.preview_video import frame_curves, held_out_film, preview_film
from beavervision.stages.radnerf_head.visualization.validation_metrics import HeldOutMetrics
from beavervision.stages.visualization.media import Film, Media


class HeadModule(StageModule[HeadData]):
    """Trains the head's field on a clip.

    All random numbers of a step depend on (seed, step), and all learned values are in the state dict, so a resumed run
    equals an uninterrupted one.

    Args:
        box: see `HeadNetwork`; given by the data, as are `n_codes`, `window`, `cells` and `size`.
        n_codes: number of training frames.
        window: frames in a condition's window.
        cells: cells per side of the occupancy grid.
        size: width and height of the canvas, pixels.
        seed: seed of the weights and of all random numbers in training.
        lr_grid: learning rate of the grids.
        lr_network: learning rate of the networks and codes.
        lr_attention: learning rate of the condition encoder.
        lr_pose: learning rate of the pose correction; 0 keeps the tracked poses.
        entropy: weight of the opacity's entropy loss.
        ambient: weight of the ambient coordinate where nothing moves.
        pose: weight of the penalty on the pose correction.
        refresh_every: steps between updates of the occupancy grid.
        refresh_share: share of the cells that an update evaluates.
        shell_at: share of the training after which only the surface shell is sampled; 1 or more for never.
        shell_frames: number of training frames whose surfaces define the shell.
        decay: decay of the weights' moving average.
        average_every: steps between its updates.
        error_share: share of a step's pixels that are sampled by the error map.
        error_decay: see `ErrorMap`.
        distill: whether the last phase trains the distilled head, for fast rendering.
        distill_share: share of the training for the distillation.
        perceptual: arguments of `PerceptualLoss`.
        fast: further arguments of `Distillation`.
        field: further arguments of `HeadNetwork`.
    """

    stage: ClassVar[str] = "radnerf_head"
    chooses_weights: ClassVar[bool] = True
    trains_parts: ClassVar[bool] = True
    limits: ClassVar = MODEL

    def __init__(
        self,
        box: list[float],
        n_codes: int,
        window: int,
        cells: int,
        size: list[int],
        seed: int = 1,
        lr_grid: float = 1e-2,
        lr_network: float = 2e-3,
        lr_attention: float = 3e-3,
        lr_pose: float = 1e-2,
        entropy: float = 1e-4,
        ambient: float = 5e-3,
        pose: float = 1e-4,
        refresh_every: int = 16,
        refresh_share: float = 0.25,
        shell_at: float = 0.1,
        shell_frames: int = 24,
        decay: float = 0.99,
        average_every: int = 4,
        error_share: float = 0.0,
        error_decay: float = 0.9,
        *,
        distill: bool = True,
        distill_share: float = 0.2,
        perceptual: dict[str, Any] | None = None,
        fast: dict[str, Any] | None = None,
        field: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(field, str):
            raise ConfigError(f"model.field holds the field's numbers; say model.field.kind={field}.")
        super().__init__()
        self.save_hyperparameters()
        self.network_args = {
            "box": list(box), "n_codes": n_codes, "window": window, "cells": cells, "seed": seed, **(field or {})
        }  # fmt: skip
        self.network = HeadNetwork(**self.network_args)
        self.average = WeightAverage(self.network, decay)
        self.poses = PoseOptimizer() if lr_pose > 0 else None
        self.errors = ErrorMap(n_codes, (size[0], size[1]), error_decay) if error_share > 0 else None
        self.perceptual = PerceptualLoss(**(perceptual or {}))
        weights, occupancy_update = LossWeights(entropy, ambient, pose), OccupancyUpdate(refresh_every, refresh_share)
        self.field_training = FieldTraining(
            self.network, self.poses, self.errors, error_share, self.perceptual, weights, occupancy_update, seed
        )
        patches_at = self.perceptual.at if self.perceptual.wanted else 1.0
        self.schedule = TrainingSchedule(shell_at, distill_share if distill else 0.0, patches_at)
        self._schedule_point = self.schedule.at(0.0)
        self.distillation = Distillation(self.network_args, size[1], decay, **(fast or {})) if distill else None
        self.figures, self.fast_figures = HeldOutMetrics(), HeldOutMetrics("strip_fast")
        self._rows: list[dict[str, float]] = []

    def training_step(self, batch: RayBatch, index: int) -> Tensor:
        """Loss of one batch of rays, or of patches in the distillation."""
        step = self.global_step
        generator = torch.Generator().manual_seed(self.hparams["seed"] * 1_000_003 + step)
        if self._fast is not None:
            loss, error = self._fast.loss(self._data, step, generator, self.poses, self.perceptual)
        else:
            loss, error = self.field_training.loss(
                batch, self._data, step, generator, patches=self._schedule_point.patches
            )
        self.log_dict({"train/loss": loss.detach(), "train/mse": error.detach()}, sync_dist=True)
        return loss

    def describe_batch(self, batch: object) -> str:
        """Frames of the step's rays and of its patches."""
        return describe_frames((self.field_training if self._fast is None else self._fast).shown)

    def _posed(self, batch: BatchT) -> BatchT:
        """The same batch with corrected poses."""
        return batch if self.poses is None else self.poses.correct(batch)

    def on_train_start(self) -> None:
        """Initialise the occupancy grid with the visual hull; a resumed run has it in the checkpoint."""
        if self.perceptual.wanted:
            self.print(self.perceptual.describe())
        if self.global_step == 0:
            self.network.occupancy.restrict(torch.from_numpy(self._data.hull).to(self.device))

    def on_train_batch_start(self, batch: RayBatch, batch_idx: int) -> None:
        """Set the learning rate and the phase, which both depend on the step alone."""
        self._schedule_point = self.schedule.at(progress(self.trainer))
        phase = self._schedule_point.phase
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * rate(self._schedule_point.done)
        if phase >= Phase.SHELL and not self.network.in_shell:
            self._enter_shell()
        if phase is Phase.DISTILL and self.distillation is not None and not self.distillation.begun:
            self.distillation.begin(self.average.network)

    @property
    def _fast(self) -> Distillation | None:
        """The distillation, once it has started."""
        return self.distillation if self.distillation is not None and self.distillation.begun else None

    def _enter_shell(self) -> None:
        data = self._data
        frames = (
            self._posed(data.frame_batch(t).to(self.device))
            for t in spread_indices(data.train_frames, self.hparams["shell_frames"])
        )
        self.network.enter_shell(find_shell(self.network, frames))

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Make the optimizer step, then update the average, before this step's checkpoint is written."""
        super().optimizer_step(*args, **kwargs)
        step = self.global_step
        if step == 1 or step % self.hparams["average_every"] == 0 or step == self.trainer.max_steps:
            if self._fast is None:
                self.average.update(self.network)
            else:
                self._fast.average.update(self._fast.fast)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam as in Instant NGP (betas .9, .99, eps 1e-15: grid entries get few gradients); several learning rates."""
        rates = (self.hparams["lr_grid"], self.hparams["lr_attention"], self.hparams["lr_network"])
        groups = parameter_groups(self.network, *rates)
        if self.poses is not None:
            groups.append({"name": "poses", "params": list(self.poses.parameters()), "lr": self.hparams["lr_pose"]})
        if self.distillation is not None:
            groups += self.distillation.groups()
        for group in groups:
            group["initial_lr"] = group["lr"]
        return torch.optim.Adam(groups, betas=(0.9, 0.99), eps=1e-15, fused=True)

    @property
    def _data(self) -> HeadData:
        return self.trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # set by Trainer.fit, undeclared in Lightning

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics."""
        self.figures.reset()
        self.fast_figures.reset()
        self._rows = []
        # LPIPS is too slow for validations during training.
        if self.trainer.state.fn is TrainerFn.VALIDATING:
            self._measure_lpips(self.perceptual.network or Lpips.found())

    def _measure_lpips(self, network: Lpips | None) -> None:
        if network is not None:
            self.figures.measure_lpips(network.to(self.device))
            self.fast_figures.measure_lpips(network.to(self.device))

    def validation_step(self, batch: FrameBatch, index: int) -> dict[str, float]:
        """Render a held-out frame with the averaged weights, measure the head's pixels; return the frame's metrics."""
        in_strip = index in spread_positions(int(self.trainer.num_val_batches[0]))
        height, width = batch.labels.shape
        size = width, height
        renders = self._renders()
        row = self.figures.add(batch, renders["full"](batch, size), spread=in_strip)
        if "fast" in renders:
            fast = self.fast_figures.add(batch, renders["fast"](batch, size), spread=in_strip)
            row |= {f"{name}_fast": value for name, value in fast.items() if name != "frame"}
        self._rows.append(row)
        return row

    def _renders(self) -> dict[str, Render]:
        """Render functions with the averaged weights, by their name in `hardware.render`."""
        renders = {"full": render_held_out_full(self.average.network, self.poses)}
        if (fast := self._fast) is not None:
            renders["fast"] = render_held_out_distilled(fast.average.network, self.poses)
        return renders

    def on_validation_epoch_end(self) -> None:
        """Log the metrics."""
        for name, value in self.figures.compute().items():
            self.log(f"val/{name}", value, prog_bar=name == "psnr")
        for name, value in self.fast_figures.compute().items():
            self.log(f"val/{name}_fast", value)

    def validation_media(self) -> list[Media]:
        """Footage, render, error and depth of some held-out frames, by the full and the distilled head."""
        return [*self.figures.strip(), *self.fast_figures.strip()]

    def evaluation_figures(self, data: HeadData) -> dict[str, float]:
        """Sharpness, opening, flicker and seam of all held-out frames, each beside the footage's own value."""
        return {f"val/{name}": value for name, value in film_figures(self._renders(), data).items()}

    def evaluation_media(self, data: HeadData) -> list[Media]:
        """The strips, metrics of every frame over time, and a video of all held-out frames with sound."""
        return [*self.validation_media(), *frame_curves(self._rows, data.clip), held_out_film(self._renders(), data)]

    def preview(self, data: HeadData) -> Film:
        """Video of held-out frames beside their render with the averaged weights."""
        return preview_film(self._renders()["full"], data)

    def bundle_contents(self, data: HeadData) -> BundleContents:
        """The averaged network and the clip's data for avatar mode."""
        fast = None if self._fast is None else self._fast.average.network
        return head_bundle_contents(self.average.network, self.network_args, data, fast, self.poses)
