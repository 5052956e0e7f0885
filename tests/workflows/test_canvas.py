"""The canvas that training chooses by itself: it is applied, printed once, recorded, and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.manifest import Manifest
from beavervision.synthetic.miniature import miniature_clip

STAGE = "radnerf_head"
SMALL = ("experiment=demo", "trainer.max_steps=2", "schedule.val_every=2", "logger=[]", "callbacks.media=null")


@pytest.fixture(scope="module")
def clip_runs(tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("canvas") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=30)
    return runs


@pytest.fixture
def train(clip_runs, verb):
    fixed = ("data=myvideo", "data.name=mini", f"paths.runs={clip_runs}", f"model={STAGE}", *SMALL)
    return lambda *arguments: verb("train", *fixed, *arguments)


def test_the_recommended_canvas_is_applied_said_recorded_and_resumed(train, clip_runs, capsys):
    assert train() == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("canvas")]
    # The face is .45 of 120 px high: the whole frame, which 128 rows enlarge least.
    assert said == [
        "canvas: frame=native frame.height=128 (frame=auto). "
        "The face fills enough of the frame for the whole of it to be the canvas."
    ]
    (run,) = (clip_runs / "mini" / STAGE).iterdir()
    assert run.name == "demo-auto-h256"
    bundle = Bundle.load(run / "bundle", STAGE)
    assert bundle.facts.frame == "native-h128"
    recipe = yaml.safe_load((run / "bundle" / "config.yaml").read_text())
    assert (recipe["frame"]["name"], recipe["frame"]["height"]) == ("native", 128)
    assert recipe["run"]["slug"] == run.name
    assert train() == 0
    assert "already trained" in capsys.readouterr().out
    assert Manifest.read(run / "bundle", type(bundle.facts)).facts.frame == "native-h128"


def test_an_explicit_canvas_wins_and_is_repeated_in_the_next_command(train, clip_runs, capsys):
    assert train("frame=1x1", "frame.height=64", "frame.face_scale=0.5") == 0
    said = capsys.readouterr().out
    assert "canvas:" not in said
    assert "model=radnerf_torso data=myvideo data.name=mini" in said
    assert " frame=1x1 frame.height=64 frame.face_scale=0.5 experiment=demo" in said
    (run,) = (clip_runs / "mini" / STAGE).glob("*1x1*")
    assert Bundle.load(run / "bundle", STAGE).facts.frame == "1x1-h64-f0.5"


def test_a_face_of_twenty_pixels_is_one_sentence(train, capsys):
    assert train("frame.height=43") == 2
    said = capsys.readouterr().err
    assert said.count("error:") == 1
    assert "frame=native frame.height=43 shows the face 20 pixels high" in said
