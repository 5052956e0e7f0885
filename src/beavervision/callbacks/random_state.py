"""Keeps the state of the random generators from step to step and in checkpoints."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer

State = dict[str, Any]


class RandomState(Callback):
    """Restores the random state of the last training step before the next one.

    Validation, a new pass over the loader and a resumed start also draw random numbers. Since the state is kept from
    step to step and in the checkpoint, a resumed run draws the same numbers as an uninterrupted one.
    """

    def __init__(self) -> None:
        self._state: State | None = None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Restore the state of the generators at the end of the last step."""
        if self._state is not None:
            set_random_state(self._state)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Store the state of the generators."""
        self._state = random_state()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: State) -> None:
        """Add the states to the checkpoint, as tensors and plain numbers."""
        checkpoint["random_state"] = self._state or random_state()

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: State) -> None:
        """Keep the states until training starts, after all random numbers of the set-up."""
        self._state = checkpoint.get("random_state")


def random_state() -> State:
    """Return the states of Python's, NumPy's and PyTorch's generators, in types that `weights_only` loads."""
    version, words, gauss = random.getstate()
    legacy = np.random.get_state()  # noqa: NPY002 - the one libraries draw from
    assert isinstance(legacy, tuple)  # NumPy's own generator is MT19937, whose state is one
    name, keys, position, has_gauss, cached = legacy
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: State) -> None:
    """Restore a state from `random_state`."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - as above
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
