"""A callback that interrupts its own process: what a time limit, a preemption or Ctrl-C does, at a known step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer


class Halt(Callback):
    """Sends a signal after a step, once in a run's life; only in runs whose folder's name ends in `only`."""

    def __init__(self, folder: str, step: int, number: int, only: str = "") -> None:
        self.folder = Path(folder)
        self.step, self.number, self.only = step, number, only

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        mark = self.folder / "halted"
        if trainer.global_step == self.step and self.folder.name.endswith(self.only) and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), self.number)
