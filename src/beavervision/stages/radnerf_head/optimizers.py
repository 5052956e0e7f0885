"""Learning-rate schedule, parameter groups, and the share of training that is done (in steps or in time)."""

from __future__ import annotations

from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import Timer
from torch import nn

from beavervision.stages.trainer_settings import find_callbacks

FINAL_RATE = 0.05
"""Learning rate at the end, as a share of its peak. The reference falls to 0.1 over 250k steps; short runs gain from
ending lower."""


def progress(trainer: Trainer) -> float:
    """Share of the training that is done, in [0, 1]: of `max_steps` or of `max_time`, whichever ends it sooner.

    Counted in steps it is the same on every machine; counted in time it is not, nor is what is learned.
    """
    steps = trainer.global_step / trainer.max_steps if trainer.max_steps and trainer.max_steps > 0 else 0.0
    return min(1.0, max(steps, *(_spent(timer) for timer in find_callbacks(trainer, Timer)), 0.0))


def _spent(timer: Timer) -> float:
    """Share of its time that is over; 0 where it has no end."""
    left = timer.time_remaining()
    return 0.0 if left is None else timer.time_elapsed() / max(timer.time_elapsed() + left, 1e-9)


def rate(done: float, warm_up: float = 0.01) -> float:
    """Factor of the learning rate: a short linear rise, then an exponential fall to FINAL_RATE.

    Example:
        >>> rate(0.01), round(rate(1.0), 3)
        (1.0, 0.05)
    """
    if done < warm_up:
        return 0.1 + 0.9 * done / warm_up
    return FINAL_RATE ** ((done - warm_up) / (1 - warm_up))


def parameter_groups(network: nn.Module, grid: float, encoder: float, rest: float) -> list[dict[str, Any]]:
    """Parameters of a head network by kind, each with its learning rate.

    Args:
        network: a `HeadNetwork`.
        grid: learning rate of the grids' entries, which are met seldom.
        encoder: of the condition's encoders.
        rest: of everything else.
    """
    rates = {"grids": grid, "encoder": encoder, "networks": rest}
    found: dict[str, list[nn.Parameter]] = {name: [] for name in rates}
    for name, parameter in network.named_parameters():
        kind = "grids" if "_grid." in name else "encoder" if name.startswith(("condition.", "eye.")) else "networks"
        found[kind].append(parameter)
    return [{"name": name, "params": found[name], "lr": rates[name]} for name in rates]
