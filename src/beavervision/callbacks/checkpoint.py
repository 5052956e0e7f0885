"""Checkpoint from which a run resumes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.stages.trainer_settings import is_fast_dev_run

LAST = "checkpoints/last.ckpt"
"""Path relative to the run's folder."""

AGREE_EVERY = 20
"""Steps between checks of the clock in distributed training, where all processes have to agree."""


class LastCheckpoint(Callback):
    """Keeps one checkpoint, `checkpoints/last.ckpt`, written at intervals of steps and minutes, and at the end.

    It is written directly after a step, before any other callback runs, so that a resumed run equals an uninterrupted
    one.

    Args:
        folder: folder of the run.
        every_n_steps: largest number of steps between checkpoints.
        every_minutes: largest time between checkpoints in minutes, the most that a killed process loses.
    """

    def __init__(self, folder: str, every_n_steps: int, every_minutes: float = 5.0) -> None:
        self.path = Path(folder) / LAST
        self.every_n_steps = every_n_steps
        self.every_minutes = every_minutes
        self.saved = -1
        """Step of the last written checkpoint."""
        self._clock = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save a checkpoint when it is due."""
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step == trainer.max_steps
        if step != self.saved and (due or self._late(trainer)):
            self.save(trainer)

    def _late(self, trainer: Trainer) -> bool:
        """Whether a checkpoint is due by time; in distributed training, all processes agree every AGREE_EVERY steps."""
        late = time.monotonic() - self._clock > 60 * self.every_minutes
        if trainer.world_size == 1:
            return late
        if trainer.global_step % AGREE_EVERY:
            return False
        return trainer.strategy.reduce_boolean_decision(late, all=False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last step if it is not saved yet."""
        if trainer.global_step != self.saved and not is_fast_dev_run(trainer):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint now; Lightning writes it atomically."""
        if is_fast_dev_run(trainer):
            return
        trainer.save_checkpoint(self.path)
        self.saved = trainer.global_step
        self._clock = time.monotonic()
