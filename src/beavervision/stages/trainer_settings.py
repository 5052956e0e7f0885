"""Typed access to attributes of Lightning's trainer that its class does not declare."""

from __future__ import annotations

from typing import TypeVar

from lightning import Callback, Trainer

CallbackT = TypeVar("CallbackT", bound=Callback)


def find_callbacks(trainer: Trainer, kind: type[CallbackT]) -> list[CallbackT]:
    """Return the trainer's callbacks of a class, in the order in which they are called.

    Args:
        trainer: with its callbacks.
        kind: the class; subclasses count.
    """
    callbacks: list[Callback] = trainer.callbacks  # pyright: ignore[reportAttributeAccessIssue]  # set by a connector
    return [callback for callback in callbacks if isinstance(callback, kind)]


def is_fast_dev_run(trainer: Trainer) -> bool:
    """Whether this is a fast development run (`trainer.fast_dev_run`), which keeps no results."""
    return bool(trainer.fast_dev_run)  # pyright: ignore[reportAttributeAccessIssue]  # set by a connector


def is_log_step(trainer: Trainer) -> bool:
    """Whether metrics are logged after this step: every `trainer.log_every_n_steps` steps."""
    every: int = trainer.log_every_n_steps  # pyright: ignore[reportAttributeAccessIssue]  # set by a connector
    return trainer.global_step % max(1, every) == 0
