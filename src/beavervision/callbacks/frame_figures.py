"""Figures of single frames, as a validation goes through them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from beavervision.artifacts.atomic_write import atomic_file

FRAME = "frame"
"""Key under which a validation step names its frames."""


class FrameFigures(Callback):
    """Collects what validation steps return: `{"frame": [B], name: [B], ...}`, one row a frame.

    Stages whose validation steps return nothing have no rows.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self.rows = []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the rows of one step."""
        if isinstance(outputs, Mapping) and FRAME in outputs:
            columns = {name: torch.as_tensor(value).reshape(-1).tolist() for name, value in outputs.items()}
            self.rows += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def write(self, path: Path) -> bool:
        """Write the rows as CSV, by frame number; return whether there were any."""
        if not self.rows:
            return False
        with atomic_file(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(sorted(self.rows, key=lambda row: row[FRAME]))
        return True
