"""Graceful stop on signals, and early stopping."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from beavervision.callbacks.checkpoint import LastCheckpoint
from beavervision.operating_system import STOP_SIGNALS
from beavervision.stages.trainer_settings import find_callbacks


class TrainingStoppedError(BaseException):
    """Training was stopped by a signal, after a checkpoint. Not an `Exception`, so that a sweep stops too."""


class GracefulStop(Callback):
    """On a signal: finishes the step, writes the checkpoint, stops. A second Ctrl-C stops immediately.

    Under submitit, its own handler is called after the checkpoint: it requeues the job, which resumes from there.
    """

    def __init__(self) -> None:
        self._asked: int | None = None
        self._previous: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the signal handlers; only the main thread can."""
        self._asked = None
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._ask) for number in STOP_SIGNALS}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop if a signal was received.

        Raises:
            TrainingStoppedError: after the checkpoint is written.
        """
        asked = self._asked is not None
        if trainer.world_size > 1:
            # In distributed training all processes stop after the same step, whichever of them got the signal.
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        if asked:
            for checkpoint in find_callbacks(trainer, LastCheckpoint):
                checkpoint.save(trainer)
            self._stop(self._asked or signal.SIGTERM)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Also stop during a validation if its step is saved; the validation is then repeated.

        Raises:
            TrainingStoppedError: immediately.
        """
        saved = all(checkpoint.saved == trainer.global_step for checkpoint in find_callbacks(trainer, LastCheckpoint))
        if self._asked is not None and saved and trainer.world_size == 1:
            self._stop(self._asked)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the signal handlers."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Restore the signal handlers."""
        self._give_back()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = number
        print("\nstopping after this step; again to stop at once", file=sys.stderr, flush=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _stop(self, number: int) -> None:
        requeue = _requeue_of(self._previous.get(number))
        self._give_back()
        if requeue is not None:
            requeue(number, None)
        raise TrainingStoppedError

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            # None: a handler that was not set from Python, and cannot be restored from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._previous = {}


def _requeue_of(handler: Any) -> Callable[[int, FrameType | None], Any] | None:
    """The handler that requeues a job; other handlers are not called."""
    owner = getattr(handler, "__self__", None)
    known = type(owner).__module__.startswith("submitit.") and handler.__name__ != "bypass"
    return handler if known else None


MODES = {"minimize": "min", "maximize": "max"}
"""Direction in the schedules -> mode in Lightning."""


class EarlyStop(EarlyStopping):
    """Stops when the schedule's metric has not improved for some validations; the count is kept when a run resumes.

    Args:
        monitor: name of the metric, such as `val/loss`.
        direction: `minimize` or `maximize`.
        patience: number of validations without improvement.
        min_delta: smallest improvement that counts.
    """

    def __init__(self, monitor: str, direction: str, patience: int = 5, min_delta: float = 0.0) -> None:
        super().__init__(
            monitor, min_delta, patience, mode=MODES[direction], strict=False, check_on_train_epoch_end=False
        )
