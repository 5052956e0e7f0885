"""The guard names the batch whose loss is not a number, and nothing of it is kept."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from beavervision.callbacks.finite import FiniteLoss
from beavervision.errors import BeaverError, NotFiniteError
from beavervision.stages.base import BundleContents, StageModule
from beavervision.types import Batch, Float, Tensor


class Ridge(StageModule):
    stage = "ridge"

    def bundle_contents(self, data):
        return BundleContents({}, {}, {})


@dataclass
class Named(Batch):
    values: Float[Tensor, "N"]

    def describe(self):
        return "of frames 3, 7"


def losses(values, batch, every=4):
    """Let the guard see a loss a step; it looks at step 4, 8, ..."""
    guard, module = FiniteLoss(), Ridge()
    for index, value in enumerate(values):
        trainer = SimpleNamespace(global_step=index + 1, log_every_n_steps=every, callback_metrics={})
        guard.on_train_batch_end(trainer, module, {"loss": torch.tensor(value)}, batch, index)
    return guard, module


def test_the_first_bad_batch_is_named_though_it_is_noticed_later():
    with pytest.raises(BeaverError, match=r"ridge: .* not a number at step 2 \(batch 1, of frames 3, 7\);"):
        losses([1.0, float("nan"), 1.0, float("inf")], Named(torch.zeros(1)))


def test_a_batch_that_does_not_know_what_it_holds_is_named_by_step_and_number():
    with pytest.raises(BeaverError, match=r"at step 3 \(batch 2\);"):
        losses([1.0, 2.0, float("-inf"), 1.0], torch.zeros(1))


def test_it_looks_before_a_checkpoint_and_only_at_what_it_has_not_seen():
    guard, module = losses([1.0, 1.0, 1.0, 1.0, float("nan")], torch.zeros(1))
    with pytest.raises(BeaverError, match="step 5"):
        guard.on_save_checkpoint(None, module, {})
    guard.on_save_checkpoint(None, module, {})


def test_weights_that_are_no_numbers_explain_what_broke():
    guard, module = losses([1.0, 2.0], Named(torch.zeros(1)))
    module.weight = torch.nn.Parameter(torch.ones(2))
    guard.explain(module, KeyError())  # it was something else
    with pytest.raises(BeaverError, match=r"ridge: what the weights give is not .* after step 2 \(batch 1, of frames"):
        guard.explain(module, NotFiniteError())
    module.weight.data[1] = float("inf")
    with pytest.raises(BeaverError, match=r"ridge: weights are not .* after step 2 \(batch 1, of frames 3, 7\);"):
        guard.explain(module, KeyError())


def test_a_loss_that_was_not_looked_at_yet_explains_what_broke():
    guard, module = losses([1.0, float("nan")], Named(torch.zeros(1)))
    with pytest.raises(BeaverError, match="the loss is not a number at step 2"):
        guard.explain(module, KeyError())


def test_a_stage_that_steps_its_optimisers_itself_is_judged_by_what_it_logs():
    trainer = SimpleNamespace(
        global_step=1, log_every_n_steps=1, callback_metrics={"train/loss": torch.tensor(float("nan"))}
    )
    with pytest.raises(BeaverError, match="step 1"):
        FiniteLoss().on_train_batch_end(trainer, Ridge(), None, Named(torch.zeros(1)), 0)
