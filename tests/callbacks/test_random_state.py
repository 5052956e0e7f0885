from __future__ import annotations

import random

import numpy as np
import torch

from beavervision.callbacks.random_state import RandomState, random_state, set_random_state


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002 - the global one is meant


def test_setting_the_state_repeats_every_generator():
    state = random_state()
    first = draw()
    assert draw() != first
    set_random_state(state)
    assert draw() == first


def test_the_state_survives_a_checkpoint_of_primitives(tmp_path):
    state = random_state()
    first = draw()
    torch.save(state, tmp_path / "state.ckpt")
    draw()
    set_random_state(torch.load(tmp_path / "state.ckpt", weights_only=True))
    assert draw() == first


def test_what_comes_between_steps_moves_nothing():
    callback = RandomState()
    torch.manual_seed(1)
    callback.on_train_batch_end(None, None, None, None, 0)  # type: ignore[arg-type]
    expected = torch.rand(1)
    torch.rand(100)  # a validation between the steps
    callback.on_train_batch_start(None, None, None, 0)  # type: ignore[arg-type]
    assert torch.equal(torch.rand(1), expected)
