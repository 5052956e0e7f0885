"""Moving average of the weights, used for validation and the bundle."""

from __future__ import annotations

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from beavervision.errors import ConfigError
from beavervision.stages.base import StageModule


class MovingAverage(WeightAveraging):
    """Exponential moving average of the weights after each step; checkpoints contain weights and average.

    After n steps the decay is min(decay, (1 + n) / (10 + n)), so that short runs do not keep their initial weights. It
    must come before the checkpoint in the list of callbacks.

    Args:
        decay: share of the old average that remains after a step.
    """

    def __init__(self, decay: float = 0.999) -> None:
        def averaged(old: Tensor, new: Tensor, steps: Tensor | int) -> Tensor:
            return old.lerp(new, 1 - warmed(decay, int(steps)))

        super().__init__(use_buffers=False, avg_fn=averaged)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Initialise the average with the current weights.

        Raises:
            ConfigError: when the stage itself selects the weights to export.
        """
        if isinstance(pl_module, StageModule) and pl_module.chooses_weights:
            raise ConfigError(f"{pl_module.stage} averages or chooses its weights itself; leave callbacks=ema out.")
        super().setup(trainer, pl_module, stage)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing yet: the last checkpoint may still be written, and needs the weights themselves."""

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copy the average into the module, for the last validation and the bundle."""
        if self._average_model is not None:
            self._copy_average_to_current(pl_module)


def warmed(decay: float, steps: int) -> float:
    """Share of the old average that remains after `steps` updates.

    Example:
        >>> warmed(0.999, 0), warmed(0.999, 8)
        (0.1, 0.5)
    """
    return min(decay, (1 + steps) / (10 + steps))
