from __future__ import annotations

import pytest
from omegaconf import OmegaConf
from stub_artifacts import stub_clip

from beavervision.workflows.run_state import RunState, config_fingerprint

FULL = {"max_steps": 100, "max_epochs": -1, "max_time": None}


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ({}, True),
        ({"max_steps": 40}, True),
        ({"max_steps": 101}, False),
        ({"max_steps": -1}, False),
        ({"max_steps": -1, "max_epochs": 3}, True),
        ({"max_steps": -1, "max_epochs": 4}, False),
        ({"max_steps": -1, "max_time": 60.0}, True),
        ({"max_steps": -1, "max_time": 61.0}, False),
        # Whichever limit comes first ends a run: a hundred steps were all that was asked.
        ({"max_time": 7200.0}, True),
    ],
)
def test_how_far_a_finished_run_reaches(asked, reached):
    state = RunState("f", FULL, finished=True, went={"steps": 100, "epochs": 3, "seconds": 60.0})
    assert state.reaches({**FULL, **asked}) is reached


def test_a_run_that_its_time_limit_ended_is_finished_for_the_same_command_only():
    target = {**FULL, "max_time": 60.0}
    state = RunState("f", target, finished=True, went={"steps": 70, "epochs": 2, "seconds": 60.2})
    assert state.reaches(target)
    assert state.reaches({**FULL, "max_time": 30.0})
    assert not state.reaches({**FULL, "max_time": 90.0})
    assert not state.reaches(FULL)


def test_an_unfinished_run_reaches_nothing():
    assert not RunState("f", FULL).reaches({**FULL, "max_steps": 1})


def test_a_damaged_state_counts_as_none(tmp_path):
    RunState("f", FULL).write(tmp_path)
    assert RunState.read(tmp_path) == RunState("f", FULL)
    (tmp_path / "run.json").write_text("{")
    assert RunState.read(tmp_path) is None


def test_the_fingerprint_follows_what_is_learnt_only(tmp_path):
    stub_clip(tmp_path, name="a")
    base = {"datamodule": {}, "audio_features": {}, "face_model": {}, "model": {"a": 1}, "seed": 1}
    cfg = OmegaConf.create({**base, "trainer": {"max_steps": 1}})
    longer = OmegaConf.create({**base, "trainer": {"max_steps": 2}})
    wider = OmegaConf.create({**base, "model": {"a": 2}})
    name = config_fingerprint(cfg, {"clip": tmp_path}, None)
    assert config_fingerprint(longer, {"clip": tmp_path}, None) == name
    assert config_fingerprint(wider, {"clip": tmp_path}, None) != name
    assert config_fingerprint(cfg, {"clip": tmp_path}, "1x1") != name
    stub_clip(tmp_path, name="b")
    assert config_fingerprint(cfg, {"clip": tmp_path}, None) != name
