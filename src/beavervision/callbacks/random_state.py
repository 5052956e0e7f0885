"""Random numbers that continue where they stopped."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer

State = dict[str, Any]


class RandomState(Callback):
    """Keeps the random generators' states in the checkpoint, and validation from moving them.

    A run that continues then draws the same numbers as one that was never interrupted, however often it was
    validated in between.
    """

    def __init__(self) -> None:
        self._before_validation: State | None = None
        self._loaded: State | None = None

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: State) -> None:
        """Put the states beside the weights, as tensors and plain numbers."""
        checkpoint["random_state"] = random_state()

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: State) -> None:
        """Remember the states until training starts."""
        self._loaded = checkpoint.get("random_state")

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Set the remembered states: later than everything that set-up may draw."""
        if self._loaded is not None:
            set_random_state(self._loaded)
            self._loaded = None

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember where training's numbers stand."""
        self._before_validation = random_state()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go back to where training's numbers stood."""
        if self._before_validation is not None:
            set_random_state(self._before_validation)


def random_state() -> State:
    """Return the states of Python's, NumPy's and PyTorch's generators, in types that `weights_only` loads."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002 - the one libraries draw from
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: State) -> None:
    """Set what `random_state` returned."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - as above
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
