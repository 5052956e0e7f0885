"""The checkpoint that a run continues from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.stages.trainer_settings import is_fast_dev_run

LAST = "checkpoints/last.ckpt"
"""Below the run's folder."""

AGREE_EVERY = 20
"""Steps between looks at the clock where several processes have to agree."""


class LastCheckpoint(Callback):
    """Keeps one checkpoint, `checkpoints/last.ckpt`: every so many steps, every so many minutes, and at the end.

    It is written right after a step and before anything else sees that step, so that a run that continues
    from it equals one that was never interrupted.

    Args:
        folder: the run's.
        every_n_steps: steps between checkpoints at most.
        every_minutes: minutes between them at most: what a killed process loses.
    """

    def __init__(self, folder: str, every_n_steps: int, every_minutes: float = 5.0) -> None:
        self.path = Path(folder) / LAST
        self.every_n_steps = every_n_steps
        self.every_minutes = every_minutes
        self.saved = -1
        """The step that the checkpoint holds."""
        self._clock = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when it is time to."""
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step == trainer.max_steps
        if step != self.saved and (due or self._late(trainer)):
            self.save(trainer)

    def _late(self, trainer: Trainer) -> bool:
        """Whether the last checkpoint is long ago; processes that train together agree on it now and then."""
        late = time.monotonic() - self._clock > 60 * self.every_minutes
        if trainer.world_size == 1:
            return late
        if trainer.global_step % AGREE_EVERY:
            return False
        return trainer.strategy.reduce_boolean_decision(late, all=False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save what a time limit left unsaved."""
        if trainer.global_step != self.saved and not is_fast_dev_run(trainer):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint now; Lightning writes to a temporary name and renames."""
        if is_fast_dev_run(trainer):
            return
        trainer.save_checkpoint(self.path)
        self.saved = trainer.global_step
        self._clock = time.monotonic()
