"""Stopping in good order."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.callbacks.checkpoint import LastCheckpoint

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingStoppedError(BaseException):
    """Training was stopped from outside, after a checkpoint; no `Exception`, so that a sweep stops too."""


class GracefulStop(Callback):
    """On Ctrl-C or SIGTERM: finishes the step, writes the checkpoint, stops. A second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self._asked = False
        self._previous: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen to the signals."""
        self._asked = False
        self._previous = {number: signal.signal(number, self._ask) for number in SIGNALS}

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Stop when asked.

        Raises:
            TrainingStoppedError: after the checkpoint has been written.
        """
        if not self._asked:
            return
        for callback in trainer.callbacks:
            if isinstance(callback, LastCheckpoint):
                callback.save(trainer)
        raise TrainingStoppedError

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the signals back."""
        self._give_back()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        print("\nstopping after this step; again to stop at once", file=sys.stderr, flush=True)
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
