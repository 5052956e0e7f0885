from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from stub_artifacts import stub_clip

from beavervision.artifacts.bundle import Bundle, BundleFacts
from beavervision.artifacts.manifest import Manifest

FOLDER = Path("anna/ridge/default")
HALT = "+callbacks.halt={_target_: halt.Halt, folder: '${hydra:runtime.output_dir}', step: 8, number: %d}"


def weights(runs: Path, folder: Path = FOLDER) -> dict[str, torch.Tensor]:
    return Bundle.load(runs / folder / "bundle", "ridge").weights


def test_a_run_leaves_a_bundle_with_its_inputs_and_figures(ridge, runs, capsys):
    assert ridge() == 0
    bundle = Bundle.load(runs / FOLDER / "bundle", "ridge")
    assert bundle.hparams == {"width": 3}
    assert bundle.metrics["steps"] == 40
    assert 0 < bundle.metrics["val/mse"] < 1
    assert bundle.metrics["peak_memory_mb"] > 10
    inputs = Manifest.read(bundle.folder, BundleFacts).inputs
    assert inputs["clip"].path == str(runs / "anna/clip")
    assert "max_steps: 40" in (bundle.folder / "config.yaml").read_text()
    assert "next: python infer.py data=myvideo data.name=anna" in capsys.readouterr().out


def test_the_same_command_again_is_skipped(ridge, runs, capsys):
    ridge()
    before = (runs / FOLDER / "bundle/manifest.json").stat().st_mtime_ns
    assert ridge() == 0
    assert "already trained" in capsys.readouterr().out
    assert (runs / FOLDER / "bundle/manifest.json").stat().st_mtime_ns == before


def test_fewer_steps_than_trained_are_skipped_too(ridge, capsys):
    ridge()
    assert ridge("trainer.max_steps=10") == 0
    assert "already trained" in capsys.readouterr().out


def test_resumed_equals_uninterrupted_bit_for_bit(ridge, runs, capsys):
    ridge("trainer.max_steps=31")
    ridge("trainer.max_steps=60")
    assert "continues from" in capsys.readouterr().out
    resumed = weights(runs)
    ridge("trainer.max_steps=60", "resume=false")
    whole = weights(runs)
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_another_clip_under_the_name_starts_over(ridge, runs, capsys):
    ridge()
    stub_clip(runs / "anna/clip", video="another.mp4")
    assert ridge() == 0
    assert "starts over" in capsys.readouterr().out


def test_other_numbers_get_a_folder_of_their_own(ridge, runs):
    ridge("model.lr=0.2", "hardware=cpu", "logger=csv")
    assert [path.name for path in (runs / "anna/ridge").iterdir()] == ["default-lr=0.2"]


def test_the_seed_decides(ridge, runs):
    ridge("trainer.max_steps=5")
    ridge("trainer.max_steps=5", "seed=2")
    one, two = weights(runs), weights(runs, Path("anna/ridge/default-seed=2"))
    assert not torch.equal(one["weight"], two["weight"])


def test_the_checkpoint_holds_primitives_only(ridge, runs):
    ridge()
    checkpoint = torch.load(runs / FOLDER / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 40
    assert checkpoint["hyper_parameters"] == {"width": 3, "lr": 0.1, "noise": 0.1}


def test_a_multirun_trains_every_combination(ridge, runs):
    assert ridge("-m", "model.lr=0.1,0.2") == 0
    assert sorted(path.name for path in (runs / "anna/ridge").iterdir()) == ["default-lr=0.1", "default-lr=0.2"]


def test_a_fast_development_run_leaves_no_bundle(ridge, runs):
    assert ridge("debug=fdr") == 0
    assert not (runs / "anna/ridge/debug_fdr-default/bundle").exists()


@pytest.mark.parametrize("debug", ["profile", "anomaly", "overfit"])
def test_debug_runs_keep_to_themselves(ridge, runs, debug):
    assert ridge(f"debug={debug}", "trainer.max_steps=5") == 0
    assert [path.name for path in (runs / "anna/ridge").iterdir()] == [f"debug_{debug}-default"]


def test_every_logger_works_off_line(ridge, runs):
    assert ridge("logger=many", "trainer.max_steps=10") == 0
    logs = runs / FOLDER
    assert "train/loss" in (logs / "logs/csv/version_0/metrics.csv").read_text()
    assert list(logs.glob("logs/tensorboard/events.*"))
    assert list(logs.glob("wandb/offline-run-*/*.wandb"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_leaves_a_checkpoint_and_the_run_continues(ridge, runs, capsys, number):
    with pytest.raises(SystemExit) as stop:
        ridge("schedule.val_every=15", HALT % number)
    assert stop.value.code == 130
    assert "stopped at step 9; the same command continues there" in capsys.readouterr().err
    assert not (runs / FOLDER / "bundle").exists()
    assert torch.load(runs / FOLDER / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 9
    assert ridge() == 0
    assert "continues from" in capsys.readouterr().out
    assert json.loads((runs / FOLDER / "bundle/metrics.json").read_text())["steps"] == 40


def test_a_killed_process_loses_what_came_after_its_checkpoint_and_no_second_command_may_enter(
    ridge, runs, root, capsys
):
    here = root / "tests/support"
    arguments = ["--config-dir", str(here / "outside_conf"), "model=ridge", "data=myvideo", "data.name=anna"]
    long = [f"paths.runs={runs}", "trainer.max_steps=100000", "schedule.val_every=50", "callbacks=quiet"]
    process = subprocess.Popen(
        [sys.executable, "train.py", *arguments, *long],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(here / "outside")},
    )
    checkpoint = runs / FOLDER / "checkpoints/last.ckpt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ridge("trainer.max_steps=100000") == 2
    assert f"is being trained by another command (process {process.pid} on" in capsys.readouterr().err
    process.kill()
    process.wait(timeout=60)
    steps = torch.load(checkpoint, weights_only=True)["global_step"]
    assert steps % 50 == 0
    assert ridge(f"trainer.max_steps={steps + 1}") == 0
    assert "continues from" in capsys.readouterr().out
    assert json.loads((runs / FOLDER / "bundle/metrics.json").read_text())["steps"] == steps + 1


def test_a_checkpoint_is_written_every_so_many_minutes(ridge, runs, capsys):
    listener = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as stop:
            # Without GracefulStop, every Ctrl-C is the one that stops at once: after step 8's checkpoint.
            ridge("schedule.val_every=100", "callbacks.checkpoint.every_minutes=0", "callbacks.stop=null", HALT % 2)
    finally:
        signal.signal(signal.SIGINT, listener)  # Lightning leaves Ctrl-C without effect
    assert stop.value.code == 130
    assert "continues from the last checkpoint" in capsys.readouterr().err
    assert torch.load(runs / FOLDER / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 8


def test_a_time_limit_ends_a_run_and_a_longer_one_continues_it(ridge, runs, capsys):
    assert ridge("trainer.max_steps=-1", "trainer.max_time=00:00:02", "callbacks=quiet") == 0
    first = json.loads((runs / FOLDER / "bundle/metrics.json").read_text())["steps"]
    assert first > 40
    assert ridge("trainer.max_steps=-1", "trainer.max_time=00:00:02", "callbacks=quiet") == 0
    assert "already trained" in capsys.readouterr().out
    assert ridge("trainer.max_steps=-1", "trainer.max_time=00:00:03", "callbacks=quiet") == 0
    assert "continues from" in capsys.readouterr().out
    assert json.loads((runs / FOLDER / "bundle/metrics.json").read_text())["steps"] > first


def test_a_loss_that_is_not_a_number_is_a_sentence_and_is_never_kept(ridge, runs, capsys):
    assert ridge("model.lr=1e30", "trainer.log_every_n_steps=1000", "schedule.val_every=5", "logger=[]") == 2
    assert "the loss is not a number" in capsys.readouterr().err
    assert not (runs / "anna/ridge/default-lr=1e30/checkpoints/last.ckpt").exists()
