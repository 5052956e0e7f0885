"""Learning-rate schedule, parameter groups, and the progress of a training (in steps or in time)."""

from __future__ import annotations

from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import Timer
from torch import nn

from beavervision.stages.trainer_settings import find_callbacks

FINAL_RATE = 0.05
"""Learning rate at the end, as a share of its peak. RAD-NeRF decays to 0.1 over 250k steps; shorter runs benefit from a
lower value."""


def progress(trainer: Trainer) -> float:
    """Progress of the training in [0, 1]: share of `max_steps` or of `max_time`, whichever is larger.

    Counted in steps it is the same on every machine; counted in time it is not, nor is the result.
    """
    steps = trainer.global_step / trainer.max_steps if trainer.max_steps and trainer.max_steps > 0 else 0.0
    return min(1.0, max(steps, *(_spent(timer) for timer in find_callbacks(trainer, Timer)), 0.0))


def _spent(timer: Timer) -> float:
    """Share of the time limit that is used; 0 without a limit."""
    left = timer.time_remaining()
    return 0.0 if left is None else timer.time_elapsed() / max(timer.time_elapsed() + left, 1e-9)


def rate(done: float, warm_up: float = 0.01) -> float:
    """Factor of the learning rate: a short linear warm-up, then exponential decay to FINAL_RATE.

    Example:
        >>> rate(0.01), round(rate(1.0), 3)
        (1.0, 0.05)
    """
    if done < warm_up:
        return 0.1 + 0.9 * done / warm_up
    return FINAL_RATE ** ((done - warm_up) / (1 - warm_up))


def parameter_groups(network: nn.Module, grid: float, encoder: float, rest: float) -> list[dict[str, Any]]:
    """Parameter groups of a head network, each with its learning rate.

    Args:
        network: a `HeadNetwork`.
        grid: learning rate of the grids' entries, which get few gradients.
        encoder: learning rate of the condition encoders.
        rest: learning rate of all other parameters.
    """
    rates = {"grids": grid, "encoder": encoder, "networks": rest}
    found: dict[str, list[nn.Parameter]] = {name: [] for name in rates}
    for name, parameter in network.named_parameters():
        kind = "grids" if "_grid." in name else "encoder" if name.startswith(("condition.", "eye.")) else "networks"
        found[kind].append(parameter)
    return [{"name": name, "params": found[name], "lr": rates[name]} for name in rates]
