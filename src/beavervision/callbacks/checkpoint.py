"""The checkpoint that a run continues from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

LAST = "checkpoints/last.ckpt"
"""Below the run's folder."""
LONGEST = 300.0
"""Seconds between checkpoints at most, so that a killed process loses no more than that."""


class LastCheckpoint(Callback):
    """Keeps one checkpoint, `checkpoints/last.ckpt`: every so many steps, every five minutes, and at the end.

    It is written right after a step and before anything else sees that step, so that a run that continues
    from it equals one that was never interrupted.
    """

    def __init__(self, folder: str, every_n_steps: int) -> None:
        self.path = Path(folder) / LAST
        self.every_n_steps = every_n_steps
        self._saved = -1
        self._clock = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Save when it is time to."""
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step == trainer.max_steps
        if step != self._saved and (due or time.monotonic() - self._clock > LONGEST):
            self.save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save what a time limit left unsaved."""
        if trainer.global_step != self._saved and not trainer.fast_dev_run:
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint now; Lightning writes to a temporary name and renames."""
        if trainer.fast_dev_run:
            return
        trainer.save_checkpoint(self.path)
        self._saved = trainer.global_step
        self._clock = time.monotonic()
