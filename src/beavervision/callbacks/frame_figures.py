"""Metrics of single frames, collected during a validation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from beavervision.artifacts.atomic_write import atomic_file

FRAME = "frame"
"""Key of the frame numbers in the output of a validation step."""


class FrameFigures(Callback):
    """Collects the outputs of validation steps, `{"frame": [B], name: [B], ...}`, with one row per frame.

    There are no rows if validation steps return nothing.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
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
        """Store the rows of one step."""
        if isinstance(outputs, Mapping) and FRAME in outputs:
            columns = {name: torch.as_tensor(value).reshape(-1).tolist() for name, value in outputs.items()}
            self.rows += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def write(self, path: Path) -> bool:
        """Write the rows as CSV, sorted by frame number; return whether there are any."""
        if not self.rows:
            return False
        with atomic_file(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(sorted(self.rows, key=lambda row: row[FRAME]))
        return True
