"""Names and paths as a user types them, through the real command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from speech_clips import write_speech_clip
from stub_artifacts import stub_clip

from beavervision.artifacts.names import check_name, is_name, suggest_name
from beavervision.config.wildcards import expand_wildcards
from beavervision.errors import ConfigError

CLI = "src/beavervision/cli/__main__.py"
ODD = "name with spaces = [x], {y} it's ${z}.mov"


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a mistake is answered with."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.parametrize("name", ["anna", "Anna 2", "a.b-c_d", "Jürgen", "李雷", "अनीता", "Zoe\u0308", "محمد", "7"])
def test_names_of_any_script(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("../x", "x"), ("..", "video"), (".", "video"), ("", "video"), (".hidden", "hidden"), ("a/b", "a_b"),
        ("a\\b", "a_b"), ("a\nb", "a_b"), ("a\0b", "a_b"), ("a:b", "a_b"), (" a", "a"), ("/etc/passwd", "etc_passwd"),
        ("x" * 300, "x" * 150), ("\u202egpj", "gpj"),
    ],
)  # fmt: skip
def test_other_names_are_refused_with_a_suggestion(name, suggested):
    assert not is_name(name)
    assert is_name(suggest_name(name))
    with pytest.raises(ConfigError) as caught:
        check_name(name)
    assert f"={suggested!r}." in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("flags", [(), ("-m",)])
@pytest.mark.parametrize("verb", ["prepare", "train", "infer"])
def test_no_name_leads_out_of_the_runs(verb, flags, tmp_path, command_line):
    model = ("model=audio2motion",) if verb == "train" else ()
    runs = tmp_path / "below" / "runs"
    given = (*flags, *model, "data=myvideo", "data.name=../../x", f"paths.runs={runs}")
    assert "data.name='x'" in complaint(command_line(CLI, verb, *given, cwd=tmp_path))
    assert [path.name for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "below")] == []


def parsed(argument: str) -> str:
    """What Hydra and OmegaConf make of an argument."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    override = OverridesParser.create().parse_override(expand_wildcards([argument], multirun=False)[0])
    return OmegaConf.create({"value": override.value()}).value


@pytest.mark.parametrize("key", ["data.video", "audio", "out", "background", "speech.1", "data.speech", "paths.runs"])
@pytest.mark.parametrize(
    "name", [ODD, "*.mov", "a,b.wav", "null", "7", "Ä.mov", "a\\b.mov", 'say "x".mov', "#1 (2).png"]
)
def test_a_file_that_exists_is_taken_literally(key, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    assert parsed(f"{key}={name}") == name


@pytest.mark.parametrize("out", ["my film [final], v=2.mp4", "ä b.mp4", "frames/%05d.png", "-", "#ff0000"])
def test_a_path_that_is_to_be_written_is_taken_as_typed(out):
    assert parsed(f"out={out}") == out


def test_several_files_are_several_jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a b.wav", "c.wav"):
        Path(name).touch()
    assert expand_wildcards(["audio=a b.wav,c.wav"], multirun=True) == ['audio="a b.wav",c.wav']
    with pytest.raises(ConfigError, match="add -m"):
        expand_wildcards(["audio=a b.wav,c.wav"], multirun=False)


def test_a_video_with_an_odd_name_is_the_one_that_is_read(tmp_path, command_line):
    (tmp_path / ODD).write_bytes(b"no video")
    done = command_line(CLI, "prepare", "data=myvideo", f"data.video={ODD}", cwd=tmp_path)
    sentence = complaint(done)
    assert ODD in sentence
    assert "matches no file" not in sentence


def test_a_speech_with_an_odd_name_is_the_one_that_is_read(tmp_path, command_line):
    (tmp_path / ODD).write_bytes(b"no sound")
    stub_clip(tmp_path / "runs" / "me" / "clip")
    given = ("data=myvideo", "data.name=me", f"audio={ODD}", "out=a film, [x] = 1.mp4", "background=a [b].png")
    sentence = complaint(command_line("infer.py", *given, cwd=tmp_path))
    assert "cannot be read as key=value" not in sentence
    assert "Ambiguous" not in sentence


def test_hostile_artifacts_end_in_one_sentence(tmp_path, command_line):
    init, runs = tmp_path / "init", tmp_path / "runs"
    init.mkdir()
    write_speech_clip(runs / "me" / "clip", 60)
    given = ("model=audio2motion", "data=myvideo", "data.name=me", f"paths.runs={runs}")
    (init / "manifest.json").write_bytes(b"[" * 100_000)
    assert "nested too deeply" in complaint(command_line("train.py", *given, f"model.init={init}"))
    manifest = runs / "me" / "clip" / "manifest.json"
    raw = json.loads(manifest.read_text())
    raw["fields"]["time"]["file"] = "../../../../etc/passwd"
    manifest.write_text(json.dumps(raw))
    assert "fields.time.file" in complaint(command_line("train.py", *given, "model.init=none"))
    manifest.write_bytes(json.dumps(raw).encode("utf-16"))
    everybody = ("model=audio2motion", "data=corpus", f"data.clips={runs}/*/clip", f"paths.runs={runs}")
    assert "not UTF-8" in complaint(command_line("train.py", *everybody))


@pytest.mark.slow
def test_infer_takes_and_writes_files_with_odd_names(chain, tmp_path, command_line):
    time = np.arange(16000) / 16000
    soundfile.write(tmp_path / "say, [x] = 1.wav", 0.3 * np.sin(1200 * time) * np.sin(15 * time), 16000)
    Image.new("RGB", (64, 64), "green").save(tmp_path / "a [b], c.png")
    given = ("audio=say, [x] = 1.wav", "background=a [b], c.png", "out=a film, [y] = 2.mp4")
    runs = ("data=myvideo", "data.name=mini", f"paths.runs={chain}")
    done = command_line("infer.py", *runs, *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a film, [y] = 2.mp4").stat().st_size > 1000
