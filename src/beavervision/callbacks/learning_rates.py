"""Logs the learning rates of each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from beavervision.stages.trainer_settings import is_log_step


class LearningRates(Callback):
    """Logs `train/lr`, or `train/lr_<name>` where there are several; both schedulers and modules may set them.

    Lightning's own monitor names groups by number, and raises an error without a logger.
    """

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the learning rates of this step."""
        if is_log_step(trainer):
            for name, rate in learning_rates(trainer.optimizers).items():
                pl_module.log(name, rate)


def learning_rates(optimizers: list[Optimizer]) -> dict[str, float]:
    """Return name -> learning rate of every parameter group.

    Args:
        optimizers: optimizers of a trainer; a group's `name`, if it has one, is its key.
    """
    groups = list(_groups(optimizers))
    if len(groups) == 1:
        return {"train/lr": groups[0][1]}
    return {f"train/lr_{name}": rate for name, rate in groups}


def _groups(optimizers: list[Optimizer]) -> Iterator[tuple[str, float]]:
    number = 0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            yield str(group.get("name", number)), float(group["lr"])
            number += 1
