"""Progress of training, as a bar or as lines."""

from __future__ import annotations

import math
import time
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar, Timer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from beavervision.stages.trainer_settings import find_callbacks

QUIET = 15.0
"""Seconds between lines where there is no terminal."""


class Progress(ProgressBar):
    """One bar over all steps with loss, last validation and remaining time; lines at intervals in log files."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Bar | None = None
        self._console = Console()
        self._start = (0.0, 0)
        self._last_line = 0.0
        self._enabled = True

    @property
    def is_enabled(self) -> bool:
        """Whether output is enabled; Lightning asks before it passes on a module's prints."""
        return self._enabled

    def print(self, *args: Any, **_: Any) -> None:
        """Print a module's text without breaking the bar."""
        self._console.print(*args, highlight=False, soft_wrap=True)

    def enable(self) -> None:
        """Enable output."""
        self._enabled = True

    def disable(self) -> None:
        """Disable output: in distributed training only one process shows a bar."""
        self._enabled = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar."""
        self._start = (time.monotonic(), trainer.global_step)
        self._last_line = self._start[0]
        if not self._enabled or not self._console.is_terminal:
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self._bar = Bar(*columns, console=self._console, transient=True)
        self._bar.start()
        total = trainer.max_steps if trainer.max_steps > 0 else None
        self._bar.add_task(_stage(pl_module), total=total, completed=trainer.global_step, figures="")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Update the bar."""
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0], completed=trainer.global_step, figures=figures(trainer.callback_metrics)
            )
        elif self._enabled and time.monotonic() - self._last_line > QUIET:
            self._last_line = time.monotonic()
            self._console.print(self._line(trainer, pl_module), highlight=False, soft_wrap=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove the bar."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Remove the bar."""
        self._close()

    def _line(self, trainer: Trainer, pl_module: LightningModule) -> str:
        begun, first = self._start
        rate = (time.monotonic() - begun) / max(1, trainer.global_step - first)
        left = time_left(trainer, rate)
        steps = f"{trainer.global_step}/{trainer.max_steps}" if trainer.max_steps > 0 else f"{trainer.global_step}"
        return f"{_stage(pl_module)}  step {steps}  {left:.0f} s left  {figures(trainer.callback_metrics)}"

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def time_left(trainer: Trainer, rate: float) -> float:
    """Return the remaining seconds of training, up to its last step or its time limit, whichever comes first.

    Args:
        trainer: trainer with a step limit or a time limit.
        rate: seconds per step.
    """
    steps = max(0, trainer.max_steps - trainer.global_step) if trainer.max_steps > 0 else math.inf
    limits = [c.time_remaining() for c in find_callbacks(trainer, Timer)]
    left = min([rate * steps, *(limit for limit in limits if limit is not None)])
    return left if math.isfinite(left) else 0.0


def figures(metrics: dict[str, Any]) -> str:
    """Return the loss and the first validation metrics as short text.

    Example:
        >>> figures({"train/loss": 0.25, "val/psnr": 26.123, "train/steps_per_second": 9.0})
        'loss 0.25  val/psnr 26.12'
    """
    shown = {"loss": metrics["train/loss"]} if "train/loss" in metrics else {}
    shown |= dict([item for item in metrics.items() if item[0].startswith("val/")][:2])
    return "  ".join(f"{name} {float(value):.4g}" for name, value in shown.items())


def _stage(module: LightningModule) -> str:
    return getattr(module, "stage", type(module).__name__)
