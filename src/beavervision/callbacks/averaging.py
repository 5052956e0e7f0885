"""A moving average of the weights, which validation and the bundle use."""

from __future__ import annotations

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from beavervision.errors import ConfigError
from beavervision.stages.base import StageModule


class MovingAverage(WeightAveraging):
    """Exponential moving average of the weights after each step; checkpoints hold both, so that a run can continue.

    After n steps it forgets at rate min(decay, (1 + n) / (10 + n)), so that short runs do not drag their beginning
    along. It has to stand before the checkpoint among the callbacks.

    Args:
        decay: share of the old average that survives a step.
    """

    def __init__(self, decay: float = 0.999) -> None:
        def averaged(old: Tensor, new: Tensor, steps: Tensor | int) -> Tensor:
            return old.lerp(new, 1 - warmed(decay, int(steps)))

        super().__init__(use_buffers=False, avg_fn=averaged)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Begin with the weights as they are.

        Raises:
            ConfigError: when the stage already decides itself which weights are exported.
        """
        if isinstance(pl_module, StageModule) and pl_module.chooses_weights:
            raise ConfigError(f"{pl_module.stage} averages or chooses its weights itself; leave callbacks=ema out.")
        super().setup(trainer, pl_module, stage)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Nothing yet: the last checkpoint may be written only now, and wants the weights as they are."""

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the average in the module, for the last validation and the bundle."""
        if self._average_model is not None:
            self._copy_average_to_current(pl_module)


def warmed(decay: float, steps: int) -> float:
    """Share of the old average that survives after `steps` updates.

    Example:
        >>> warmed(0.999, 0), warmed(0.999, 8)
        (0.1, 0.5)
    """
    return min(decay, (1 + steps) / (10 + steps))
