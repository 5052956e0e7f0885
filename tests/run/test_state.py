from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from beavervision.artifacts.manifest import Manifest
from beavervision.run.state import RunState, fingerprint

FULL = {"max_steps": 100, "max_epochs": -1, "max_time": None}


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ({}, True),
        ({"max_steps": 40}, True),
        ({"max_steps": 101}, False),
        ({"max_steps": -1}, False),
        ({"max_epochs": 3}, True),
        ({"max_time": "00:00:01:00"}, False),
    ],
)
def test_how_far_a_finished_run_reaches(asked, reached):
    assert RunState("f", FULL, finished=True).reaches({**FULL, **asked}) is reached


def test_an_unfinished_run_reaches_nothing():
    assert not RunState("f", FULL).reaches({**FULL, "max_steps": 1})


def test_a_damaged_state_counts_as_none(tmp_path):
    RunState("f", FULL).write(tmp_path)
    assert RunState.read(tmp_path) == RunState("f", FULL)
    (tmp_path / "run.json").write_text("{")
    assert RunState.read(tmp_path) is None


def test_the_fingerprint_follows_what_is_learnt_only(tmp_path):
    Manifest("clip", {"name": "a"}).write(tmp_path)
    base = {"datamodule": {}, "audio_features": {}, "face_model": {}, "model": {"a": 1}, "seed": 1}
    cfg = OmegaConf.create({**base, "trainer": {"max_steps": 1}})
    longer = OmegaConf.create({**base, "trainer": {"max_steps": 2}})
    wider = OmegaConf.create({**base, "model": {"a": 2}})
    name = fingerprint(cfg, {"clip": tmp_path}, None)
    assert fingerprint(longer, {"clip": tmp_path}, None) == name
    assert fingerprint(wider, {"clip": tmp_path}, None) != name
    assert fingerprint(cfg, {"clip": tmp_path}, "1x1") != name
    Manifest("clip", {"name": "b"}).write(tmp_path)
    assert fingerprint(cfg, {"clip": tmp_path}, None) != name
