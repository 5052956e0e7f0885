"""The end of a run that no longer gets better."""

from __future__ import annotations

from lightning.pytorch.callbacks import EarlyStopping

MODES = {"minimize": "min", "maximize": "max"}
"""How the schedules say what is better -> how Lightning does."""


class EarlyStop(EarlyStopping):
    """Stops when the schedule's figure has not become better for some validations; a run that continues counts on.

    Args:
        monitor: name of the figure, such as `val/loss`.
        direction: `minimize` or `maximize`.
        patience: validations to wait.
        min_delta: the least that counts as better.
    """

    def __init__(self, monitor: str, direction: str, patience: int = 5, min_delta: float = 0.0) -> None:
        super().__init__(
            monitor, min_delta, patience, mode=MODES[direction], strict=False, check_on_train_epoch_end=False
        )
