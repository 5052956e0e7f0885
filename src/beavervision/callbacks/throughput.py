"""Speed and memory of training."""

from __future__ import annotations

import time
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from beavervision.operating_system import peak_memory_mib
from beavervision.stages.trainer_settings import is_log_step

MEBI = 2**20


class Throughput(Callback):
    """Logs steps per second and peak memory; counts the seconds of training over all starts of a run."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._clock = 0.0
        self._steps = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._clock, self._steps = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the mean speed since the last logging."""
        if not is_log_step(trainer) or trainer.global_step == self._steps:
            return
        elapsed = self._count()
        rate = (trainer.global_step - self._steps) / max(elapsed, 1e-9)
        self._steps = trainer.global_step
        pl_module.log("train/steps_per_second", rate)
        pl_module.log("train/peak_memory_mb", peak_memory_mb())
        if pl_module.device.type == "cuda":
            pl_module.log("train/gpu_memory_mb", torch.cuda.max_memory_allocated(pl_module.device) / MEBI)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self._count()

    def state_dict(self) -> dict[str, float]:
        """Return the seconds so far, for the checkpoint."""
        self._count()
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Continue counting from the checkpoint's seconds."""
        self.seconds = state_dict["seconds"]

    def _count(self) -> float:
        now = time.monotonic()
        elapsed, self._clock = now - self._clock, now
        self.seconds += elapsed
        return elapsed


def peak_memory_mb() -> float:
    """Return the peak memory of this process in MiB, plus that of its GPU if it has one."""
    gpu = torch.cuda.max_memory_allocated() / MEBI if torch.cuda.is_available() else 0.0
    return peak_memory_mib() + gpu
