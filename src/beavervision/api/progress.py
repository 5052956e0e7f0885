"""Reports the progress of a training run or an evaluation to a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lightning import Callback, LightningModule, Trainer


class ProgressCallback(Callback):
    """Calls a function with the stage, the training steps done, and their total.

    Args:
        stage: name of the stage, such as `radnerf_head`.
        report: function to call.
    """

    def __init__(self, stage: str, report: Callable[[str, int, int], None]) -> None:
        self._stage, self._report = stage, report

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the first step."""
        self._call(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report one more step."""
        self._call(trainer)

    def _call(self, trainer: Trainer) -> None:
        total = trainer.estimated_stepping_batches
        self._report(self._stage, trainer.global_step, int(total) if math.isfinite(total) else -1)


class EvaluationCallback(Callback):
    """Calls a function with the stage, the held-out batches done, and their total.

    Args:
        stage: such as `radnerf_head`.
        report: the function.
    """

    def __init__(self, stage: str, report: Callable[[str, int, int], None]) -> None:
        self._stage, self._report = stage, report
        self._total = 0

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report that nothing is done yet."""
        self._total = int(sum(trainer.num_val_batches))
        self._report(self._stage, 0, self._total)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Report one more batch."""
        self._report(self._stage, batch_idx + 1, self._total)
