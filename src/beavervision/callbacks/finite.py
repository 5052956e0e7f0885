"""Stops training when the loss is not finite, before a checkpoint of it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from beavervision.errors import NotFiniteError, TrainingError
from beavervision.stages.base import StageModule
from beavervision.stages.trainer_settings import is_log_step

REMEDY = "lower the learning rate, or look with debug=anomaly."


@dataclass(frozen=True)
class Judged:
    """A training batch whose loss is to be checked."""

    step: int
    """Number of training steps, including this batch."""
    draw: int
    """Index of the batch, from 0."""
    holds: str | None
    """Description of its contents, if the stage provides one."""
    loss: Tensor

    @property
    def name(self) -> str:
        """Name of the batch in messages."""
        return f"step {self.step} (batch {self.draw}{f', {self.holds}' if self.holds else ''})"


class FiniteLoss(Callback):
    """Stops a run whose loss is not finite before a checkpoint is written, and names the batch.

    Losses stay on their device; they are checked when metrics are logged, and before every checkpoint.
    """

    def __init__(self) -> None:
        self._since: list[Judged] = []
        self._last: Judged | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self._since, self._last = [], None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the losses since the last check.

        Raises:
            TrainingError: when one of them is not finite.
        """
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if not isinstance(loss, Tensor):  # a stage that steps its optimizers itself
            loss = trainer.callback_metrics.get("train/loss")
        if loss is None:
            return
        holds = pl_module.describe_batch(batch) if isinstance(pl_module, StageModule) else None
        self._last = Judged(trainer.global_step, batch_idx, holds, loss.detach())
        self._since.append(self._last)
        if is_log_step(trainer):
            self._look(pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Check the losses before the checkpoint is written.

        Raises:
            TrainingError: when a loss was not finite.
        """
        self._look(pl_module)

    def explain(self, module: LightningModule, error: Exception) -> None:
        """Check loss and weights after training failed with an error, which weights that are not finite can cause.

        Args:
            module: module in training.
            error: the error.

        Raises:
            TrainingError: when a loss, a weight, or a value computed from the weights is not finite.
        """
        self._look(module)
        finite = all(bool(torch.isfinite(weight).all()) for weight in module.parameters())
        if self._last is not None and (isinstance(error, NotFiniteError) or not finite):
            what = "what the weights give is" if finite else "weights are"
            raise TrainingError(f"{_name(module)}: {what} not a number any more after {self._last.name}; {REMEDY}")

    def _look(self, module: LightningModule) -> None:
        since, self._since = self._since, []
        if not since:
            return
        finite = torch.isfinite(torch.stack([judged.loss for judged in since]))
        if not bool(finite.all()):
            first = since[finite.tolist().index(False)]
            raise TrainingError(f"{_name(module)}: the loss is not a number at {first.name}; {REMEDY}")


def _name(module: LightningModule) -> str:
    return getattr(module, "stage", type(module).__name__)
