"""Whatever ends a run, the same command continues it, and it becomes what it would have become."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from beavervision.config.stage_graph import CHAIN
from beavervision.synthetic.miniature import miniature_clip

STAGES = ("syncnet", *CHAIN)
SMALL = (
    "experiment=demo",
    "trainer.max_steps=4",
    "schedule.val_every=3",
    "frame.height=56",
    "logger=[]",
    "callbacks.media=null",
)
FROM_NOTHING = {"audio2motion": ("model.init=none",)}
"""The adaptation of a general network is one step."""
HALT = "+callbacks.halt={_target_: halt.Halt, folder: '${hydra:runtime.output_dir}', step: %d, number: %d}"


@pytest.fixture(scope="module")
def clip_runs(tmp_path_factory) -> Path:
    """A runs folder with a miniature clip; the tests of the stages build on each other's bundles."""
    runs = tmp_path_factory.mktemp("resume") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=66)  # held out: six frames, and syncnet looks at five
    return runs


@pytest.fixture
def train(clip_runs, verb, monkeypatch, root):
    monkeypatch.syspath_prepend(str(root / "tests/support/outside"))
    fixed = ("data=myvideo", "data.name=mini", f"paths.runs={clip_runs}", *SMALL)

    def call(*arguments: str) -> int:
        return verb("train", *fixed, *arguments)

    return call


def weights(runs: Path, stage: str) -> bytes:
    (bundle,) = (runs / "mini" / stage).glob("*/bundle/weights.safetensors")
    return bundle.read_bytes()


@pytest.mark.parametrize("stage", STAGES)
def test_stopped_and_continued_equals_uninterrupted_byte_for_byte(train, clip_runs, capsys, stage):
    command = (f"model={stage}", *FROM_NOTHING.get(stage, ()))
    with pytest.raises(SystemExit) as stop:
        train(*command, HALT % (1, signal.SIGTERM))
    assert stop.value.code == 130
    (checkpoint,) = (clip_runs / "mini" / stage).glob("*/checkpoints/last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["global_step"] == 2
    assert train(*command) == 0
    assert "continues from" in capsys.readouterr().out
    continued = weights(clip_runs, stage)
    assert train(*command, "resume=false") == 0
    assert "starts over" in capsys.readouterr().out
    assert weights(clip_runs, stage) == continued
