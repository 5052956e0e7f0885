"""What all tests share: where real footage would be, a miniature clip, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from speech_clips import write_speech_clip

from beavervision.artifacts.clip import Clip

# Before any library reads them: tests log nothing online and quarrel about no threads.
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CHAIN_COMMAND = (
    "-m",
    "model=audio2motion,postnet,radnerf_head,radnerf_torso",
    "data=myvideo",
    "data.name=mini",
    "experiment=demo",
    "trainer.max_steps=4",
    "schedule.val_every=4",
    "frame.height=64",
    "logger=csv",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("footage") and not (SHARED / "clips").is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no footage in {SHARED / 'clips'}"))
        if item.get_closest_marker("gpu"):
            import torch

            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason="PyTorch sees no CUDA device"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def footage() -> Path:
    return SHARED / "clips"


@pytest.fixture(scope="session")
def command_line() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python <script> <arguments>` from the checkout's root, or from `cwd`, as a user would."""

    def run(script: str, *arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / script), *arguments],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A rendered clip of 24 frames at 160x120 with sound, labels and plate; for reading only."""
    from beavervision.synthetic.miniature import miniature_clip

    return miniature_clip(tmp_path_factory.mktemp("miniature") / "clip")


@pytest.fixture(scope="session")
def chain_command() -> tuple[str, ...]:
    """Arguments of train.py for the whole chain on the miniature clip."""
    return CHAIN_COMMAND


@pytest.fixture(scope="session")
def chain(
    tmp_path_factory: pytest.TempPathFactory, command_line: Callable[..., subprocess.CompletedProcess[str]]
) -> Path:
    """A runs folder in which `train.py -m` has trained the whole chain, a few steps each, on a miniature clip."""
    from beavervision.synthetic.miniature import miniature_clip

    runs = tmp_path_factory.mktemp("chain") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=48)
    done = command_line("train.py", *CHAIN_COMMAND, f"paths.runs={runs}")
    assert done.returncode == 0, done.stderr
    return runs


@pytest.fixture
def speech_clip(tmp_path: Path) -> Callable[..., Clip]:
    """Function that writes a speech clip below tmp_path and returns it; see `write_speech_clip`."""

    def write(name: str = "babble", **settings: Any) -> Clip:
        return write_speech_clip(tmp_path / name / "clip", name=name, **settings)

    return write
