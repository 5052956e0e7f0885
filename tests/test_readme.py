"""Every command of the README is run, in order, on a small scale."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```bash\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in FENCED for line in block.strip().splitlines()]

SMALL = {
    "train": ("trainer.max_steps=2", "schedule.val_every=2", "frame.height=80"),
    "evaluate": ("frame.height=80",),
    "prepare": (),
    "infer": (),
    "verify": (),
    "doctor": (),
    "export": (),
    "unpack": (),
}
"""What is added to each verb's commands, so that all of them together take a minute or two. A later command builds
on what the earlier ones left, as in the README."""

MAKE = {
    # Their recipes need a network for the environment and ten minutes; what they run is tested on its own: the demo's
    # steps in tests/cli/test_demo.py, the tests by being run. Here: that the targets exist and lead there.
    "make demo": "-m beavervision.cli.demo",
    "make test": "-m pytest",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folder: a video, a speech, and the checkout's files under their names."""
    desk = tmp_path_factory.mktemp("desk")
    for name in ("train.py", "infer.py"):
        (desk / name).symlink_to(ROOT / name)
    small_video(desk / "me.mp4")
    time = np.arange(16_000) / 16_000
    soundfile.write(desk / "speech.wav", 0.3 * np.sin(900 * time) * np.sin(12 * time), 16_000)
    return desk


def small_video(path: Path, n_frames: int = 40) -> None:
    """The first frames of the actor's footage, at half its size."""
    import cv2

    from beavervision.audio.waveform import load_waveform
    from beavervision.synthetic import actor_video
    from beavervision.video.decode import read_frames
    from beavervision.video.encode import VideoWriter

    sound = load_waveform(actor_video()).samples[: n_frames * 640]
    with VideoWriter(path, 640, 360, 25, sound) as writer:
        for frame in read_frames(actor_video(), 25, 0.0, n_frames / 25):
            writer.write(cv2.resize(frame.rgb, (640, 360), interpolation=cv2.INTER_AREA))


def run_python(command: str) -> None:
    """Run `python train.py ...` or `beavervision ...` in this process: imports cost seconds a command."""
    words = shlex.split(command)
    if words[0] == "python":
        script, arguments, verb = Path(words[1]), words[2:], Path(words[1]).stem
    else:
        script, arguments, verb = ROOT / "src/beavervision/cli/__main__.py", words[1:], words[1]
    flags = any(word in ("--help", "--cfg") for word in arguments)
    sys.argv = [str(script), *arguments, *(() if flags else SMALL[verb])]
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(script), run_name="__main__")
    assert not stop.value.code, f"{command} ended with {stop.value.code}"


def test_the_readme_has_commands():
    assert len(COMMANDS) >= 10
    assert all(command.split()[0] in ("make", "python", "beavervision") for command in COMMANDS)


def test_other_fences_hide_no_commands():
    assert TEXT.count("```") == 2 * (len(FENCED) + len(PYTHON))


@pytest.mark.slow
def test_every_command_runs(desk, monkeypatch):
    monkeypatch.chdir(desk)
    monkeypatch.setattr(sys, "argv", [])
    for command in COMMANDS:
        if command in MAKE:
            plan = subprocess.run(["make", "-n", command.split()[1]], cwd=ROOT, capture_output=True, text=True)
            assert plan.returncode == 0
            assert MAKE[command] in plan.stdout
        else:
            run_python(command)
    assert (desk / "talk.mp4").stat().st_size > 1000
    assert (desk / "dub.mp4").stat().st_size > 1000
    heads = [path.parent.name for path in (desk / "runs/me/radnerf_head").glob("*/bundle")]
    assert len(heads) == 1 + 4 + 1  # the chain's, the sweep's 2 x 2, the wandb command's with a seed of its own
    assert len(list((desk / "runs/me/radnerf_head").glob("*-seed=2/wandb/offline-run-*/*.wandb"))) == 1


@pytest.mark.slow
def test_the_python_section_runs(desk, monkeypatch):
    """On a small scale: training gets what `SMALL` adds to the commands."""
    from beavervision.api import commands

    monkeypatch.chdir(desk)
    small = dict(pair.split("=") for pair in SMALL["train"])
    overrides = {key: yaml.safe_load(value) for key, value in small.items()}
    train = commands.train
    monkeypatch.setattr("beavervision.train", lambda *a, **k: train(*a, **k, overrides=overrides), raising=False)
    (code,) = PYTHON
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["motion"].n_frames == 25
    assert (desk / "dub.mp4").stat().st_size > 1000


def test_links_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "docs/explanation/architecture.md", "docs/reference/conventions.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http"):
                assert (ROOT / name).parent.joinpath(target).exists(), f"{name}: {target}"
