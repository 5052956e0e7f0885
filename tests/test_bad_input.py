"""Bad input through the real command line: one sentence with a remedy, an exit code, and nothing left behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import Manifest, write_manifest
from beavervision.synthetic.miniature import miniature_clip

CLI = "src/beavervision/cli/__main__.py"


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a mistake is answered with."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def landscape(path: Path, n_frames: int = 12) -> None:
    """A sky over a meadow."""
    picture = np.full((120, 160, 3), (120, 170, 230), np.uint8)
    picture[70:] = (60, 140, 50)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", 25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(n_frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what people give by mistake."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.mp4").touch()
    (folder / "notes.mp4").write_text("Dear diary, this is no video.")
    soundfile.write(folder / "sound.wav", np.sin(np.arange(16_000) / 20), 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(16_000), 16_000)
    (folder / "empty.wav").touch()
    landscape(folder / "meadow.mp4")
    return folder


@pytest.mark.parametrize(
    ("video", "said"),
    [
        ("missing.mp4", "does not exist"),
        ("empty.mp4", "empty"),
        ("notes.mp4", "video"),
        ("sound.wav", "no video"),
        ("meadow.mp4", "no face"),
    ],
)
def test_footage_that_is_none(bad, tmp_path, command_line, video, said):
    runs = tmp_path / "runs"
    done = command_line(CLI, "prepare", "data=myvideo", f"data.video={bad / video}", f"paths.runs={runs}")
    sentence = complaint(done)
    assert video in sentence
    assert said in sentence
    assert left(runs) == []


def test_train_says_the_same_of_bad_footage(bad, tmp_path, command_line):
    runs = tmp_path / "runs"
    done = command_line(
        "train.py", "model=audio2motion", "data=myvideo", f"data.video={bad / 'notes.mp4'}", f"paths.runs={runs}"
    )
    assert "notes.mp4" in complaint(done)
    assert left(runs) == []


def test_debug_shows_the_traceback(bad, tmp_path, command_line):
    given = ("data=myvideo", f"data.video={bad / 'notes.mp4'}", f"paths.runs={tmp_path}", "run.debug=true")
    done = command_line(CLI, "prepare", *given)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/runs", "/dev/full/runs"])
def test_a_place_that_cannot_be_written_to(command_line, place):
    done = command_line("train.py", "model=audio2motion", "data=demo", f"paths.runs={place}")
    assert place in complaint(done)


def test_a_stage_whose_predecessor_is_missing(tmp_path, command_line):
    miniature_clip(tmp_path / "mini" / "clip", n_frames=30)
    before = left(tmp_path)
    person = ("data=myvideo", "data.name=mini", f"paths.runs={tmp_path}")
    done = command_line("train.py", "model=radnerf_torso", *person, "frame=native")
    sentence = complaint(done)
    assert f"python train.py model=radnerf_head data=myvideo data.name=mini paths.runs={tmp_path}" in sentence
    assert left(tmp_path) == before


def test_infer_before_training(tmp_path, bad, command_line):
    done = command_line("infer.py", "data=myvideo", f"audio={bad / 'sound.wav'}", f"paths.runs={tmp_path / 'runs'}")
    assert "python train.py model=" in complaint(done)
    assert left(tmp_path / "runs") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("audio", "said"),
    [("missing.wav", "missing.wav"), ("silent.wav", "silent"), ("empty.wav", "empty.wav"), ("meadow.mp4", "sound")],
)
def test_speech_that_is_none(chain, bad, tmp_path, command_line, audio, said):
    before, out = left(chain), tmp_path / "film.mp4"
    given = ("data=myvideo", "data.name=mini", f"paths.runs={chain}", f"audio={bad / audio}", f"out={out}")
    assert said in complaint(command_line("infer.py", *given))
    assert left(chain) == before
    assert left(tmp_path) == []


@pytest.mark.slow
def test_a_head_from_another_clip(chain, bad, tmp_path, command_line):
    runs = tmp_path / "runs"
    shutil.copytree(chain, runs)
    clip = runs / "mini/clip"
    manifest = Manifest.read(clip, ClipFacts)
    write_manifest(clip, ClipFacts, {**manifest.facts.model_dump(), "focal": 300.0}, manifest.fields)
    before = left(runs)
    given = ("data=myvideo", "data.name=mini", f"paths.runs={runs}", f"audio={bad / 'sound.wav'}")
    sentence = complaint(command_line("infer.py", *given, "mode=dub"))
    assert "another clip" in sentence
    assert "train it again" in sentence
    assert left(runs) == before


@pytest.mark.slow
def test_a_film_that_cannot_be_written(chain, bad, command_line):
    given = ("data=myvideo", "data.name=mini", f"paths.runs={chain}", f"audio={bad / 'sound.wav'}")
    assert "/proc/film.mp4" in complaint(command_line("infer.py", *given, "out=/proc/film.mp4"))
