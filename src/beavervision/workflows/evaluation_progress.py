"""How far a measurement is."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.workflows.progress import film_progress


class MeasuringProgress(Callback):
    """Shows how many of the held-out frames, or pieces, a validation has been through."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._done = 0

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show a bar."""
        self._shown = self._open.enter_context(film_progress(int(sum(trainer.num_val_batches)), "measuring"))
        self._done = 0

    def on_validation_batch_end(self, *_: Any) -> None:
        """Move it."""
        self._done += 1
        self._shown(self._done)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take it away."""
        self._open.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Take it away."""
        self._open.close()
