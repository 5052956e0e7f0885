"""Progress of an evaluation; Lightning is imported here, which infer does without."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.workflows.progress import progress_bar


class EvaluationProgress(Callback):
    """Shows the progress of a validation over the held-out frames or pieces."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._done = 0

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show a bar."""
        self._shown = self._open.enter_context(progress_bar(int(sum(trainer.num_val_batches)), "measuring"))
        self._done = 0

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Update the bar."""
        self._done += 1
        self._shown(self._done)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove the bar."""
        self._open.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Remove the bar."""
        self._open.close()
