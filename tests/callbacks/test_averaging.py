from __future__ import annotations

import pytest
import torch
from lightning import LightningModule, Trainer
from torch.utils.data import DataLoader

from beavervision.callbacks.averaging import MovingAverage, warmed
from beavervision.callbacks.checkpoint import LastCheckpoint
from beavervision.errors import BeaverError
from beavervision.stages.base import StageModule


class Falling(LightningModule):
    """One weight, from 1 down by 1 a step: 1, 0, -1, -2, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.seen: list[float] = []

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        return self.weight.sum()

    def validation_step(self, batch: torch.Tensor, index: int) -> None:
        self.seen.append(float(self.weight.detach()))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(torch.zeros(3, 1))

    def val_dataloader(self) -> DataLoader:
        return DataLoader(torch.zeros(1, 1))


def fit(folder, steps: int, checkpoint=None) -> Falling:
    module = Falling()
    callbacks = [MovingAverage(0.5), LastCheckpoint(str(folder), 1)]
    trainer = Trainer(
        accelerator="cpu", max_steps=steps, max_epochs=-1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0, callbacks=callbacks,
    )  # fmt: skip
    trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    return module


def test_the_average_by_hand(tmp_path):
    # Weights after the steps: 0, -1, -2. The first update takes the weight as it is: 0.
    # Then rate 2 / 11: 2/11 x 0 - 9/11 = -9/11; then 3 / 12: -9/44 - 3/4 x 2 = -75/44.
    module = fit(tmp_path, 3)
    assert float(module.weight) == pytest.approx(-75 / 44)
    assert module.seen == [pytest.approx(-75 / 44)]


def test_a_run_that_continues_has_the_same_average(tmp_path):
    whole = fit(tmp_path / "whole", 5)
    fit(tmp_path / "parts", 3)
    parts = fit(tmp_path / "parts", 5, tmp_path / "parts/checkpoints/last.ckpt")
    assert torch.equal(parts.weight, whole.weight)


def test_short_runs_forget_their_beginning():
    assert warmed(0.999, 0) == 0.1
    assert warmed(0.999, 10**6) == 0.999


def test_a_stage_that_chooses_its_weights_is_refused():
    class Chooser(StageModule):
        stage = "chooser"
        chooses_weights = True

        def bundle_contents(self, data):
            raise AssertionError

    with pytest.raises(BeaverError, match="chooser averages or chooses"):
        MovingAverage().setup(None, Chooser(), "fit")  # type: ignore[arg-type]
