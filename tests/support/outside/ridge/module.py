"""A whole stage in forty lines, from outside the package: fits a line to noisy points."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch.utils.data import DataLoader, Dataset

from beavervision.stages.base import BundleContents, StageData, StageModule
from beavervision.stages.visualization.media import Curves, Film, Media, Picture

SHADE = np.arange(5 * 32 * 32 * 3, dtype=np.uint8).reshape(5, 32, 32, 3)
"""Five small frames."""


def film(name: str) -> Film:
    return Film(name, iter(SHADE), 25.0, np.sin(np.arange(3200) / 8).astype(np.float32))


class Points(Dataset):
    """Point i is always the same, so a run that continues sees what an uninterrupted one sees."""

    def __init__(self, length: int, width: int) -> None:
        self.length, self.width = length, width

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.randn(self.width, generator=torch.Generator().manual_seed(index))


class RidgeData(StageData):
    def __init__(self, clip: Any, upstream: dict[str, Any], width: int = 3) -> None:
        super().__init__()
        self.width = width

    def dimensions(self) -> dict[str, Any]:
        return {"width": self.width}

    def train_dataloader(self) -> DataLoader:
        # Point i whatever happened before: after a resume the count goes on where it stopped.
        first = 4 * (self.trainer.global_step if self.trainer else 0)
        return DataLoader(Points(10_000, self.width), batch_size=4, sampler=range(first, 10_000))

    def val_dataloader(self) -> DataLoader:
        return DataLoader(Points(8, self.width), batch_size=8)


class Ridge(StageModule):
    stage = "ridge"

    def __init__(self, width: int, lr: float = 0.1, noise: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.line = torch.nn.Linear(width, 1)

    def training_step(self, batch: torch.Tensor, index: int) -> STEP_OUTPUT:
        # Noise drawn from the global generator: resuming has to restore it.
        target = batch.sum(1, keepdim=True) + self.hparams["noise"] * torch.randn(len(batch), 1)
        loss = (self.line(batch) - target).square().mean()
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: torch.Tensor, index: int) -> STEP_OUTPUT:
        torch.rand(7)  # a careless validation moves the generator; the callback puts it back
        error = (self.line(batch) - batch.sum(1, keepdim=True)).square()
        self.log("val/mse", error.mean())
        return {"frame": torch.arange(len(batch)), "mse": error}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"])

    def validation_media(self) -> list[Media]:
        time = np.arange(5.0)
        return [Picture("strip", SHADE[0]), Curves("wave", time, {"sine": np.sin(time)}), film("voice")]

    def preview(self, data: StageData) -> Film:
        return film("preview")

    def bundle_contents(self, data: StageData) -> BundleContents:
        return BundleContents(dict(self.line.state_dict()), {"width": self.hparams["width"]}, {"clip": "none"})
