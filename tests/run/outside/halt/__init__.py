"""A callback that interrupts its own process: what a time limit, a preemption or Ctrl-C does, at a known step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer


class Halt(Callback):
    """Sends a signal after a step, once in a run's life."""

    def __init__(self, folder: str, step: int, number: int) -> None:
        self.mark = Path(folder) / f"halted_at_{step}"
        self.step, self.number = step, number

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == self.step and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), self.number)
