"""Several processes for one job: how many, how they end, and a run of two in a sweep."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from beavervision.artifacts.bundle import Bundle
from beavervision.errors import BeaverError
from beavervision.workflows.distributed_launch import _forwarding, _wait, processes_to_launch

SUPPORT = Path(__file__).parents[1] / "support"


def asked(**node):
    return OmegaConf.create({"hardware": {"strategy": "ddp", "devices": 2, "num_nodes": 1, **node}})


@pytest.mark.parametrize(
    ("node", "count"),
    [({}, 2), ({"devices": 1}, 0), ({"strategy": "auto"}, 0), ({"devices": "3"}, 3), ({"devices": [0, 2]}, 2)],
)
def test_a_process_for_each_device(monkeypatch, node, count):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    cfg = asked(**node)
    assert processes_to_launch(cfg) == count


def test_none_where_somebody_else_started_them(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert processes_to_launch(asked()) == 0


def test_several_machines_want_a_launcher():
    with pytest.raises(BeaverError, match="needs srun or torchrun"):
        processes_to_launch(asked(num_nodes=2))


def python(code: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)


def test_a_failure_ends_the_others():
    codes = _wait([python("raise SystemExit(2)"), python("import time; time.sleep(60)")])
    assert codes == [2, -9]


def test_signals_reach_every_process():
    listens = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(130)); print(1, flush=True); time.sleep(60)"
    )
    processes = [python(listens), python(listens)]
    for process in processes:
        process.stdout.readline()
    with _forwarding(processes):
        os.kill(os.getpid(), 15)
        assert _wait(processes) == [130, 130]


@pytest.mark.slow
def test_two_processes_train_a_job_of_a_sweep(ridge, runs, monkeypatch, capfd):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SUPPORT / "outside"), os.environ.get("PYTHONPATH", "")]))
    assert ridge("-m", "model.lr=0.2", "hardware=ddp_cpu", "trainer.max_steps=10", "schedule.val_every=5") == 0
    folder = runs / "anna/ridge/default-lr=0.2"
    assert Bundle.load(folder / "bundle", "ridge").metrics["steps"] == 10
    told = capfd.readouterr().out
    assert told.count("ridge trains on clip anna") == 1
    assert told.count("ridge is trained") == 1
