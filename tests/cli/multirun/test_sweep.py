from __future__ import annotations

import gc
import json
import signal
from pathlib import Path

import pytest
from lightning import LightningModule

SHORT = ("trainer.max_steps=12", "schedule.val_every=6", "logger=[]", "callbacks=quiet", "optimized_metric=val/mse")
HALT = "+callbacks.halt={_target_: halt.Halt, folder: '${hydra:runtime.output_dir}', step: 8, number: %d, only: '0.2'}"


def statuses(rows: dict[str, dict[str, str]]) -> list[str]:
    return [row["status"] for row in rows.values()]


def test_whatever_happens_to_one_job_the_others_run_and_all_are_told(ridge, runs, table, capsys):
    # A crash in PyTorch, a loss that is not a number, and between them jobs that are well.
    assert ridge("-m", "model.lr=0.1,-1,1e30,0.2", *SHORT) == 1
    rows = table()
    assert list(rows) == ["model.lr=0.1", "model.lr=-1", "model.lr=1e+30", "model.lr=0.2"]
    assert statuses(rows) == ["done", "failed", "failed", "done"]
    assert 0 < float(rows["model.lr=0.2"]["value"]) < 1
    assert rows["model.lr=0.2"]["metric"] == "val/mse"
    assert float(rows["model.lr=0.2"]["steps"]) == 12
    assert Path(rows["model.lr=0.2"]["folder"]) == runs / "anna/ridge/default-lr=0.2"
    assert "not a number at step" in rows["model.lr=1e+30"]["sentence"]
    (trace,) = runs.glob("anna/sweeps/*/jobs/*.txt")
    assert "ValueError: Invalid learning rate" in trace.read_text()
    assert str(trace) in rows["model.lr=-1"]["sentence"]
    said = capsys.readouterr().out
    assert all(text in said for text in ("failed", "done", "model.lr=0.2", "default-lr=0.2", "index.html"))


def test_a_job_leaves_nothing_in_memory_for_the_next(ridge, runs, table):
    before = modules()
    gc.disable()  # what is only let go of now and then would stay
    try:
        assert ridge("-m", "model.lr=0.1,0.2", *SHORT) == 0
        assert modules() == before
    finally:
        gc.enable()


def modules() -> int:
    """LightningModules that there are in this process."""
    return sum(issubclass(type(thing), LightningModule) for thing in gc.get_objects())


def test_stopped_halfway_the_same_command_runs_only_the_rest(ridge, runs, table, capsys):
    halt = HALT % signal.SIGTERM
    with pytest.raises(SystemExit) as stop:
        ridge("-m", "model.lr=0.1,0.2,0.3", *SHORT, halt)
    assert stop.value.code == 130
    assert statuses(table()) == ["done", "interrupted"]
    assert "the same command continues it" in table()["model.lr=0.2"]["sentence"]
    first = (runs / "anna/ridge/default-lr=0.1/bundle/manifest.json").stat().st_mtime_ns
    capsys.readouterr()
    assert ridge("-m", "model.lr=0.1,0.2,0.3", *SHORT, halt) == 0
    assert "continues from" in capsys.readouterr().out
    assert statuses(table()) == ["skipped", "done", "done"]
    assert table()["model.lr=0.1"]["value"] == str(json.loads(metrics(runs, 0.1).read_text())["val/mse"])
    assert (runs / "anna/ridge/default-lr=0.1/bundle/manifest.json").stat().st_mtime_ns == first


def metrics(runs: Path, lr: float) -> Path:
    return runs / f"anna/ridge/default-lr={lr}/bundle/metrics.json"


def test_a_job_whose_process_died_counts_as_interrupted(ridge, runs, table):
    assert ridge("-m", "model.lr=0.1,0.2", *SHORT) == 0
    (record,) = runs.glob("anna/sweeps/*/jobs/model.lr=0.1.json")
    # What a killed process leaves: a job that runs, of a process that does not.
    dead = json.loads(record.read_text()) | {"status": "running", "process": 2**22 + 1}
    record.write_text(json.dumps(dead))
    assert ridge("-m", "model.lr=0.1,0.2", "trainer.max_steps=14", *SHORT[1:]) == 0
    assert statuses(table()) == ["done", "done"]
    record.write_text(json.dumps(dead))
    from beavervision.cli.multirun.record import read_records

    settled = read_records(record.parents[1])
    assert [one.status for one in settled] == ["interrupted", "done"]
    assert "killed" in settled[0].sentence


def test_a_figure_that_is_not_there_is_a_sentence(ridge, table):
    assert ridge("-m", "model.lr=0.1,0.2", *SHORT[:-1], "optimized_metric=val/msee") == 2
    assert statuses(table()) == ["failed", "failed"]
    assert "did you mean val/mse" in table()["model.lr=0.1"]["sentence"]


def test_a_debugged_sweep_stops_at_the_fault(ridge):
    with pytest.raises(ValueError, match="Invalid learning rate"):
        ridge("-m", "model.lr=-1,0.1", "debug=anomaly", *SHORT)
