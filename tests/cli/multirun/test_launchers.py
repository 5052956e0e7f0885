"""Every launcher, for real: jobs in processes of its own, which tell the same table what became of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from beavervision.artifacts.bundle import Bundle

SHORT = ("trainer.max_steps=12", "schedule.val_every=6", "logger=[]", "callbacks=quiet")
HALT = "+callbacks.halt={_target_: halt.Halt, folder: '${hydra:runtime.output_dir}', step: 8, number: %d}"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(runs: Path, root: Path) -> Command:
    """Runs `train.py` or a verb in a process of its own, as launchers start others from there."""
    env = {**os.environ, "PYTHONPATH": str(root / "tests/support/outside"), "RAY_AUTH_MODE": "disabled"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "beavervision.cli", *arguments, f"paths.runs={runs}"]
        return subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, timeout=300)

    return call


def records(runs: Path) -> list[dict]:
    paths = runs.glob("sweeps/*/jobs/*.json")
    return sorted((json.loads(path.read_text()) for path in paths), key=lambda record: record["number"])


def two(command: Command, runs: Path, *launcher: str) -> list[dict]:
    """Two jobs that end with a sentence, each in some process; needs no PyTorch, which would take seconds."""
    done = command("prepare", "-m", "data=myvideo", "data.name=a,b", *launcher)
    assert done.returncode == 2, done.stderr
    found = records(runs)
    assert [record["overrides"] for record in found] == [["data.name=a"], ["data.name=b"]]
    assert all("There is no clip" in record["sentence"] for record in found)
    assert "data.name=b" in done.stdout
    return found


def test_each_job_has_a_process_and_a_device_of_its_own(command, runs):
    pytest.importorskip("submitit")
    found = two(command, runs, "hydra/launcher=local_gpus", "hydra.launcher.devices=[5,7]")
    assert {record["device"] for record in found} == {"5", "7"}
    assert len({record["process"] for record in found}) == 2


def test_the_cores_of_a_machine(command, runs):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    found = two(command, runs, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert os.getpid() not in {record["process"] for record in found}


@pytest.mark.slow
def test_a_ray_cluster_of_two_workers(command, runs):
    pytest.importorskip("ray")
    found = two(command, runs, "hydra/launcher=ray", "hydra.launcher.init.num_cpus=2")
    assert 1 <= len({record["process"] for record in found}) <= 2


@pytest.mark.slow
def test_a_job_at_its_time_limit_comes_back_and_becomes_what_it_would_have_become(command, root, ridge, runs, table):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    # SIGUSR2 is what Slurm, and submitit's local executor, send before the limit.
    job = ("model=ridge", "data=myvideo", "data.name=anna", "model.lr=0.2", *SHORT, HALT % signal.SIGUSR2)
    outside = ("--config-dir", str(root / "tests/support/outside_conf"))
    done = command("train", "-m", *outside, *job, "hydra/launcher=submitit_local")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in table().values()] == ["done"]
    logs = "".join(path.read_text() for path in runs.glob(".submitit/*/*_log.out"))
    assert "Requeued job" in logs
    assert "continues from" in logs
    requeued = Bundle.load(runs / "anna/ridge/default-lr=0.2/bundle", "ridge").weights
    assert ridge("model.lr=0.2", "resume=false", *SHORT) == 0
    whole = Bundle.load(runs / "anna/ridge/default-lr=0.2/bundle", "ridge").weights
    assert all(torch.equal(requeued[name], whole[name]) for name in whole)


def test_a_killed_process_takes_no_other_job_along(tmp_path):
    from hydra_plugins.beavervision.device_pool import _result

    submitit = pytest.importorskip("submitit")
    executor = submitit.LocalExecutor(tmp_path / "%j")
    job = executor.submit(os._exit, 9)  # as abruptly as when the system kills it
    assert _result(job).return_value is None


def test_a_launcher_that_is_not_installed_is_a_sentence(monkeypatch):
    from beavervision.errors import BeaverError
    from hydra_plugins.beavervision import _job

    monkeypatch.setattr(_job, "find_spec", lambda name: None)
    with pytest.raises(BeaverError, match=r"pip install 'beavervision\[ray\]'"):
        _job.require("ray", "hydra/launcher=ray", "ray")


def test_slurm_wants_a_sweep(ridge, capsys, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert ridge("hardware=slurm") == 2
    assert "add -m" in capsys.readouterr().err
