"""Context of one API call: composes the config, reports progress, and restores the process state afterwards."""

from __future__ import annotations

import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from beavervision.config.compose import HYDRA_LOCK, composed_job
from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import error_message, is_user_error

Progress = Callable[[str, int, int], None] | bool | None
"""None or True: bars and lines as on the command line; False: nothing; a function: called with the name of the stage,
the steps or frames done, and their total."""
LOGGERS = ("lightning", "lightning.pytorch", "lightning.fabric", "pytorch_lightning")
"""Loggers whose level the workflows change."""


@contextmanager
def api_call(verb: str, overrides: Sequence[str], progress: Progress = None) -> Iterator[DictConfig]:
    """Yield the config of a verb, and restore the global state of the process afterwards.

    Args:
        verb: `prepare`, `train`, `infer` or `evaluate`.
        overrides: overrides in Hydra's grammar.
        progress: see `Progress`.

    Raises:
        BeaverError: for every mistake that the caller can correct, including those raised by libraries.
    """
    with HYDRA_LOCK, ExitStack() as stack:
        stack.enter_context(preserved_state())
        if progress is False or callable(progress):
            nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
        try:
            yield stack.enter_context(composed_job(verb, overrides))
        except BeaverError:
            raise
        except Exception as error:
            if is_user_error(error):
                raise BeaverError(error_message(error)) from error
            raise


@contextmanager
def preserved_state() -> Iterator[None]:
    """Restore random numbers, threads, environment, warnings, log levels, sys.argv and the working folder."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  (the global state)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    precision = torch.get_float32_matmul_precision()
    environment, arguments, folder = dict(os.environ), list(sys.argv), Path.cwd()
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    try:
        with warnings.catch_warnings():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_float32_matmul_precision(precision)
        _restore_environment(environment)
        sys.argv[:] = arguments
        os.chdir(folder)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _restore_environment(before: dict[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def person_overrides(name: str, runs: Path | str) -> dict[str, Any]:
    """Return the overrides that select a person's clip and bundles."""
    return {"data": "myvideo", "data.name": name, "paths.runs": str(runs)}
