"""Training that went astray is noticed, and never kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from beavervision.errors import BeaverError


class FiniteLoss(Callback):
    """Ends a run whose loss is not a number, before a checkpoint of it is written.

    The loss stays on its device; it is looked at as often as figures are logged, and before every checkpoint.
    """

    def __init__(self) -> None:
        self._sum: Tensor | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._sum = None

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *_: Any) -> None:
        """Look at the losses since the last look.

        Raises:
            BeaverError: when one of them is not finite.
        """
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if not isinstance(loss, Tensor):  # a stage that steps its optimisers itself
            loss = trainer.callback_metrics.get("train/loss")
        if loss is None:
            return
        # A sum is not finite once one of its terms was not.
        self._sum = loss.detach() if self._sum is None else self._sum + loss.detach()
        if trainer.global_step % max(1, trainer.log_every_n_steps) == 0:
            self._look(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Look before anything is written.

        Raises:
            BeaverError: when a loss was not finite.
        """
        self._look(trainer, pl_module)

    def _look(self, trainer: Trainer, module: LightningModule) -> None:
        total, self._sum = self._sum, None
        if total is not None and not bool(torch.isfinite(total)):
            name = getattr(module, "stage", type(module).__name__)
            raise BeaverError(
                f"{name}: the loss is not a number at step {trainer.global_step}; "
                "lower the learning rate, or look with debug=anomaly."
            )
