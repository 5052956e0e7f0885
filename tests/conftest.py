"""What all tests share: where real footage would be, a miniature clip, and the command line."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from speech_clips import write_speech_clip

from beavervision.artifacts.clip import Clip

# Before any library reads them: tests log nothing online and quarrel about no threads.
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Films are signed with a key of the tests' own, never with that of whoever runs them.
os.environ["XDG_CONFIG_HOME"] = str(Path(tempfile.gettempdir()) / f"beavervision-tests-{getpass.getuser()}")

pytest_plugins = ["verb_fixtures"]

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CHAIN_COMMAND = (
    "-m",
    "model=audio2motion,postnet,radnerf_head,radnerf_torso,lower_face",
    "data=myvideo",
    "data.name=mini",
    "experiment=demo",
    "trainer.max_steps=4",
    "schedule.val_every=4",
    "frame.height=64",
    "logger=csv",
)


# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them test.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Files with slow tests first: processes side by side then end together.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
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
def command_line(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs `python <script> <arguments>` from the checkout's root, or from `cwd`, as a user would.

    Each is a fork of one process that has loaded the libraries; see tests/support/command_server.py.
    """
    command = [sys.executable, str(ROOT / "tests/support/command_server.py")]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    folder = tmp_path_factory.mktemp("commands")

    def run(script: str, *arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
        words = [str(ROOT / script), *arguments]
        files = {name: folder / f"{len(list(folder.iterdir()))}.{name}" for name in ("stdout", "stderr")}
        task = {
            "arguments": words,
            "cwd": str(cwd),
            "env": {**os.environ, **env},
            **{k: str(v) for k, v in files.items()},
        }
        server.stdin.write(json.dumps(task) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        out, err = (path.read_text(encoding="utf-8") for path in files.values())
        return subprocess.CompletedProcess(words, code, out, err)

    yield run
    server.stdin.close()
    server.wait(10)


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
def trained_chain(
    tmp_path_factory: pytest.TempPathFactory, command_line: Callable[..., subprocess.CompletedProcess[str]]
) -> Path:
    """A runs folder in which `train.py -m` has trained the whole chain, a few steps each; for reading only."""
    from beavervision.synthetic.miniature import miniature_clip

    runs = tmp_path_factory.mktemp("chain") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=48)
    done = command_line("train.py", *CHAIN_COMMAND, f"paths.runs={runs}")
    assert done.returncode == 0, done.stderr
    return runs


@pytest.fixture(scope="module")
def chain(trained_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trained chain, for the tests of one file."""
    return shutil.copytree(trained_chain, tmp_path_factory.mktemp("chain") / "runs", symlinks=True)


@pytest.fixture(scope="session")
def live_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with `mini`, of small networks that can speak live; for reading only."""
    from small_people import HEIGHT, N_FRAMES, WIDTH, train_person

    from beavervision.synthetic.miniature import miniature_clip

    runs = tmp_path_factory.mktemp("live") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=N_FRAMES, width=WIDTH, height=HEIGHT)
    train_person(runs, "mini", look_ahead=5)
    return runs


@pytest.fixture
def speech_clip(tmp_path: Path) -> Callable[..., Clip]:
    """Function that writes a speech clip below tmp_path and returns it; see `write_speech_clip`."""

    def write(name: str = "babble", **settings: Any) -> Clip:
        return write_speech_clip(tmp_path / name / "clip", name=name, **settings)

    return write
