"""Training that went astray is noticed, and never kept."""

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
    """A batch that has been trained on."""

    step: int
    """Steps done, this batch's included."""
    draw: int
    """Number of the batch, from 0."""
    holds: str | None
    """What it was made of, where its stage says so."""
    loss: Tensor

    @property
    def name(self) -> str:
        """The batch as a sentence names it."""
        return f"step {self.step} (batch {self.draw}{f', {self.holds}' if self.holds else ''})"


class FiniteLoss(Callback):
    """Ends a run whose loss is not a number, before a checkpoint of it is written, and names the batch.

    Losses stay on their device; they are looked at as often as figures are logged, and before every checkpoint.
    """

    def __init__(self) -> None:
        self._since: list[Judged] = []
        self._last: Judged | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._since, self._last = [], None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the losses since the last look.

        Raises:
            TrainingError: when one of them is not finite.
        """
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if not isinstance(loss, Tensor):  # a stage that steps its optimisers itself
            loss = trainer.callback_metrics.get("train/loss")
        if loss is None:
            return
        holds = pl_module.describe_batch(batch) if isinstance(pl_module, StageModule) else None
        self._last = Judged(trainer.global_step, batch_idx, holds, loss.detach())
        self._since.append(self._last)
        if is_log_step(trainer):
            self._look(pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Look before anything is written.

        Raises:
            TrainingError: when a loss was not finite.
        """
        self._look(pl_module)

    def explain(self, module: LightningModule, error: Exception) -> None:
        """Look after training broke off with an error: weights gone astray break whatever is done with them.

        Args:
            module: that was trained.
            error: that broke it off.

        Raises:
            TrainingError: when a loss was not finite, a weight is not, or what was computed of them is not.
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
