"""Trains the lower face."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torchmetrics import MeanMetric, SumMetric

from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.hparam_bounds import ANY, Bounds, integer
from beavervision.stages.lower_face.batch import LowerFaceBatch
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.evaluation import STRIP_CAPTION, comparison_strip, gradient_energy, masked_psnr
from beavervision.stages.lower_face.losses import LowerFaceWeights, lower_face_loss, pixel_weight
from beavervision.stages.lower_face.mouth_figures import mouth_figures
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.patch_geometry import PatchGeometry
from beavervision.stages.lower_face.preview import preview_film
from beavervision.stages.source_track import NOTES
from beavervision.stages.visualization.media import Film, Media, Picture

WARM_UP = 50
"""Steps over which the learning rate rises: the warped references are a good start, which large steps would destroy."""
LAST_RATE = 0.02
"""Share of the learning rate that is left at the end of its cosine decay."""


class LowerFace(StageModule[LowerFaceData]):
    """A small U-Net that draws mouth and chin into the blanked lower face.

    Args:
        size, pixels_per_cm, reach: of the patch, dictated by the data.
        widths: channels of the network's levels.
        gradient, scales, lips, mouth: see `losses.LowerFaceWeights`.
        learning_rate: of Adam, the largest.
        decay_steps: steps over which it falls along a cosine, after a short rise.
    """

    stage: ClassVar[str] = "lower_face"
    limits: ClassVar[Mapping[str, Bounds]] = {
        "gradient": ANY,
        "scales": integer(1, 5),
        "lips": ANY,
        "mouth": ANY,
        "learning_rate": Bounds(1e-7, 1.0),
        "decay_steps": integer(-1),
    }

    def __init__(
        self,
        size: int,
        pixels_per_cm: float,
        reach: float,
        widths: Sequence[int] = (32, 64, 96, 128),
        gradient: float = 1.0,
        scales: int = 3,
        lips: float = 4.0,
        mouth: float = 8.0,
        learning_rate: float = 1e-3,
        decay_steps: int = 20_000,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.arguments = {"size": size, "widths": list(widths)}
        self.network = LowerFaceNetwork(**self.arguments)
        geometry = PatchGeometry(size, pixels_per_cm, reach)
        self.network.ellipse.copy_(torch.from_numpy(geometry.ellipse())[None, None])
        self.weights = LowerFaceWeights(gradient, scales, lips, mouth)
        self.mean_psnr, self.mean_lips = MeanMetric(), MeanMetric()
        self.drawn_energy, self.true_energy = SumMetric(), SumMetric()
        self.strips: list[np.ndarray] = []

    def setup(self, stage: str) -> None:
        """Take the person's reference patches from the data; a checkpoint that is loaded afterwards has the same."""
        patches, points = self.datamodule.references
        self.network.references.copy_(torch.from_numpy(patches))
        self.network.reference_points.copy_(torch.from_numpy(points))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam; its rate rises linearly, then falls along a cosine."""
        optimizer = torch.optim.Adam(self.network.parameters(), self.hparams["learning_rate"])
        steps = self.hparams["decay_steps"]

        def share(step: int) -> float:
            done = min(1.0, step / steps) if steps > 0 else 0.0
            falling = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
            return falling * min(1.0, (step + 1) / WARM_UP)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: LowerFaceBatch, _: int) -> Float[Tensor, ""]:
        """One step on patches of some frames."""
        drawn = self.network(batch.patch, batch.maps, batch.warped, batch.preference)
        weight = pixel_weight(self.network.ellipse, batch.counted, batch.lips, batch.mouth, self.weights)
        loss = lower_face_loss(drawn.float(), batch.patch, weight, self.weights)
        self.log("train/loss", loss, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Begin a new strip."""
        self.strips = []

    def validation_step(self, index: int, _: int) -> dict[str, Tensor]:
        """Measure one held-out frame inside the ellipse.

        Returns:
            Its number and figures, for `evaluate`'s table.
        """
        frame = int(self.datamodule.measured[int(index)])
        batch = self.datamodule.held_out(frame).to(self.device)
        drawn = self.network(batch.patch, batch.maps, batch.warped, batch.preference).float()
        mask = self.network.ellipse * batch.counted
        lips = mask * (batch.lips > 0.5)
        energies = [gradient_energy(picture, mask) for picture in (drawn, batch.patch)]
        figures = {"psnr": masked_psnr(drawn, batch.patch, mask), "gradient": energies[0] / energies[1].clamp_min(1e-6)}
        self.mean_psnr.update(figures["psnr"])
        if lips.any():
            figures["lips_psnr"] = masked_psnr(drawn, batch.patch, lips)
            self.mean_lips.update(figures["lips_psnr"])
        for metric, energy in zip((self.drawn_energy, self.true_energy), energies, strict=True):
            metric.update(energy)
        self.strips.append(comparison_strip(batch.patch, batch.patch * (1 - self.network.ellipse), batch.maps, drawn))
        return {"frame": torch.tensor([frame])} | {name: value[None] for name, value in figures.items()}

    def on_validation_epoch_end(self) -> None:
        """Log the figures of all held-out frames."""
        ratio = self.drawn_energy.compute() / self.true_energy.compute().clamp_min(1e-6)
        self.log_dict(
            {"val/psnr": self.mean_psnr.compute(), "val/lips_psnr": self.mean_lips.compute(), "val/gradient": ratio}
        )
        for metric in (self.mean_psnr, self.mean_lips, self.drawn_energy, self.true_energy):
            metric.reset()

    def validation_media(self) -> list[Media]:
        """Footage, what the network sees, and what it draws, of the held-out frames."""
        return [Picture("strip", np.concatenate(self.strips[:8]), STRIP_CAPTION)] if self.strips else []

    def evaluation_figures(self, data: LowerFaceData) -> dict[str, float]:
        """Sharpness, opening, flicker and seam of all held-out frames, each beside the footage's own value."""
        return {f"val/{name}": value for name, value in mouth_figures(self.network.cpu(), data).items()}

    def preview(self, data: LowerFaceData) -> Film:
        """Held-out frames beside what is drawn."""
        return preview_film(self.network.cpu(), data)

    def bundle_contents(self, data: LowerFaceData) -> BundleContents:
        """Weights with the reference patches, and the footage's own motion."""
        return BundleContents(
            weights=self.network.state_dict(),
            hparams=self.arguments,
            facts=data.facts(),
            assets={"identity": data.person.identity, **data.track().to_assets()},
            notes={f"source_{name}": note for name, note in NOTES.items()},
        )
