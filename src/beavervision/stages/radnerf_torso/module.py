"""LightningModule that trains the torso."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torchmetrics import MeanMetric

from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.radnerf_torso import texture_detail
from beavervision.stages.radnerf_torso.batch import TorsoBatch
from beavervision.stages.radnerf_torso.canonical_body import estimate_canonical_body, save_picture
from beavervision.stages.radnerf_torso.data import TorsoData
from beavervision.stages.radnerf_torso.evaluation import STRIP_CAPTION, comparison_strip, composite, neck_gap, psnr
from beavervision.stages.radnerf_torso.inference import bake, render_exact
from beavervision.stages.radnerf_torso.losses import TorsoWeights, torso_loss
from beavervision.stages.radnerf_torso.network import TorsoField
from beavervision.stages.radnerf_torso.preview import preview_film
from beavervision.stages.radnerf_torso.targets import TorsoTarget
from beavervision.stages.source_track import NOTES
from beavervision.stages.visualization.media import Film, Media, Picture
from beavervision.types import Label

DECAY = 0.1
"""Learning rates decay to this share over `decay_steps` (GeneFace++: x0.1 per 250k steps)."""


class RadNerfTorso(StageModule[TorsoData]):
    """Trains a 2-D deformation field under a frozen head.

    Args:
        condition, n_frames, width, height: given by the data.
        frequencies, hidden, canonical, code, levels, finest, log2_entries: see `network.TorsoField`.
        opacity, closed, under: see `losses.TorsoWeights`.
        lr_grid, lr_net: Adam's learning rates of the grid and of the rest.
        decay_steps: steps over which they decay to a tenth.
        backend: backend of the grid.
    """

    stage: ClassVar[str] = "radnerf_torso"

    def __init__(
        self,
        condition: int,
        n_frames: int,
        width: int,
        height: int,
        frequencies: int = 4,
        hidden: int = 64,
        canonical: int = 32,
        code: int = 8,
        levels: int = 16,
        finest: int = 2048,
        log2_entries: int = 16,
        opacity: float = 0.1,
        closed: float = 0.5,
        under: float = 0.1,
        lr_grid: float = 1e-2,
        lr_net: float = 2e-3,
        decay_steps: int = 20_000,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.field = {
            "condition": condition,
            "n_frames": n_frames,
            "aspect": width / height,
            "frequencies": frequencies,
            "hidden": hidden,
            "canonical": canonical,
            "code": code,
            "levels": levels,
            "finest": finest,
            "log2_entries": log2_entries,
        }
        self.network = TorsoField(**self.field, backend=backend)
        self.weights = TorsoWeights(opacity, closed, under)
        self.mean_psnr, self.mean_gap = MeanMetric(), MeanMetric()
        self.strips: list[np.ndarray] = []

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with its own rate for the grid (prototype figures, STAGES.md section 9)."""
        table = [self.network.grid.table]
        rest = [p for name, p in self.network.named_parameters() if name != "grid.table"]
        optimizer = torch.optim.Adam(
            [
                {"name": "grid", "params": table, "lr": self.hparams["lr_grid"]},
                {"name": "networks", "params": rest, "lr": self.hparams["lr_net"]},
            ],
            betas=(0.9, 0.99),
            eps=1e-15,
        )
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, DECAY ** (1 / self.hparams["decay_steps"]))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: TorsoBatch, _: int) -> Float[Tensor, ""]:
        """One step on pixels of some frames."""
        rgb, alpha = self.network(batch.points, batch.condition, batch.head, batch.body, batch.frames)
        loss = torso_loss(rgb, alpha, batch, self.weights)
        self.log("train/loss", loss, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start a new strip."""
        self.strips = []

    def validation_step(self, index: int, _: int) -> dict[str, Tensor]:
        """Measure one held-out frame over the whole canvas, with the frozen head on top.

        Returns:
            Its number and metrics, for `evaluate`'s table.
        """
        data: TorsoData = self.trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # set by Trainer.fit, undeclared in Lightning
        truth = data.held_out(int(index))
        condition = data.conditioner.condition(data.track.take(np.array([truth.frame])))
        rgb, alpha = render_exact(self.network, data.raster, data.region, condition)
        torso, opacity = torch.from_numpy(rgb[0]), torch.from_numpy(alpha[0])
        whole = composite(torso, opacity, truth)
        figures = {"psnr": psnr(whole, truth), "gap": neck_gap(opacity, truth)}
        self.mean_psnr.update(figures["psnr"])
        self.mean_gap.update(figures["gap"])
        self.log_dict({"val/psnr": self.mean_psnr, "val/gap": self.mean_gap})
        self.strips.append(comparison_strip(torso, opacity, whole, truth))
        return {"frame": torch.tensor([truth.frame])} | {name: value[None] for name, value in figures.items()}

    def validation_media(self) -> list[Media]:
        """Footage, torso and all layers of the held-out frames."""
        return [Picture("strip", np.concatenate(self.strips), STRIP_CAPTION)] if self.strips else []

    def preview(self, data: TorsoData) -> Film:
        """Video of held-out frames beside the whole avatar."""
        return preview_film(self.network.cpu(), data)

    def bundle_contents(self, data: TorsoData) -> BundleContents:
        """Weights, and the footage's data for avatar mode."""
        # Kept as long as the module: the bundle is written after this returns.
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        still = estimate_canonical_body(data.clip, data.track, data.train_frames, data.crops, data.subject)
        files = {"body.png": save_picture(folder / "body.png", still.rgba)}
        plate = still.plate if (own := data.clip.plate()) is None else own
        files["plate.png"] = save_picture(folder / "plate.png", plate)
        files[texture_detail.NAME] = texture_detail.save_detail(
            folder / texture_detail.NAME, self._detail(data, still.frame)
        )
        if self.strips:
            files["strip.png"] = save_picture(folder / "strip.png", np.concatenate(self.strips))
        return BundleContents(
            weights=self.network.state_dict(),
            hparams=self.field,
            facts=data.facts() | {"body_frame": still.frame},
            assets={
                **data.conditioner.to_assets(),
                **data.track.to_assets(),
                "identity": data.person.identity,
                "region": data.region,
            },
            notes={f"source_{name}": note for name, note in NOTES.items()},
            files=files,
        )

    def _detail(self, data: TorsoData, frame: int) -> Float[np.ndarray, "h w 3"]:
        """Detail of one training frame's clothes on the texture; skin has none, because its shadows move."""
        row = data.footage.row(frame)
        condition = data.conditioner.condition(data.track.take(np.array([frame])))
        cloth = data.raster.refine((np.asarray(data.crops.labels[frame]) == Label.TORSO).astype(np.float32)) > 0.5
        cloth &= np.asarray(data.footage.kind[row]) == TorsoTarget.BODY
        network = self.network.cpu()
        baked = bake(network, data.raster)
        return texture_detail.rest_detail(
            network, baked, data.raster, condition, np.asarray(data.footage.colour[row]), cloth
        )
