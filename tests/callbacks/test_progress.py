from __future__ import annotations

from types import SimpleNamespace

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Timer

from beavervision.callbacks import progress
from beavervision.callbacks.progress import Progress, figures, time_left


def test_figures_show_the_loss_and_two_of_validation():
    metrics = {"val/a": 1.0, "val/b": 2.0, "val/c": 3.0, "train/loss": torch.tensor(0.25), "other": 1.0}
    assert figures(metrics) == "loss 0.25  val/a 1  val/b 2"


class Run:
    """As much of a trainer as the bar looks at: 25 of 100 steps."""

    max_steps, global_step, callback_metrics = 100, 0, {"train/loss": torch.tensor(0.5)}
    callbacks: tuple = ()


@pytest.mark.parametrize(("seconds", "said"), [(10.0, ""), (20.0, "Run  step 25/100  60 s left  loss 0.5")])
def test_log_files_get_a_line_now_and_then(monkeypatch, capsys, seconds, said):
    clock = iter([0.0, *[seconds] * 9])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    bar, run = Progress(), Run()
    bar.on_train_start(run, run)  # type: ignore[arg-type]
    run.global_step = 25
    bar.on_train_batch_end(run, run, None, None, 0)  # type: ignore[arg-type]
    # 25 steps took 20 s, so 75 more take 60 s.
    assert capsys.readouterr().out.strip() == said


def test_a_time_limit_may_come_before_the_last_step():
    limit = Timer(duration={"seconds": 7})
    run = Run()
    run.callbacks = (limit,)
    assert time_left(run, 0.01) == 1.0  # 100 steps
    assert time_left(run, 2.0) == 7.0
    run.max_steps = -1
    assert time_left(run, 2.0) == 7.0


def test_what_a_module_prints_is_shown(capsys):
    bar = Progress()
    module = lightning.LightningModule()
    module._trainer = SimpleNamespace(progress_bar_callback=bar, is_global_zero=True)
    module.print("patch loss")
    assert capsys.readouterr().out == "patch loss\n"
