"""Infer: each mistake is one sentence."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["audio=nowhere.wav"], "nowhere.wav does not exist"),
        (["audio=null"], "audio is not set; add audio="),
        (["mode=dup"], "mode=dup is not a choice; did you mean dub"),
        (["out=film.avi"], "ends in none of"),
        (["control.temperature=-1"], "control.temperature=-1 is not a number from 0"),
        (["out=film.png"], "number them: out=%05d.png"),
        (["background=none"], "mp4 holds no opacity"),
        (["background=meadow"], "background=meadow is no file and no colour"),
        (["mode=dub", "background=white"], "a dub keeps the footage's own"),
        (["region=nose"], "region=nose is not a choice"),
        (["provenance.key=mine.pem"], "add provenance.certificate="),
        (["provenance.key=mine.pem", "provenance.certificate=mine.pem"], "mine.pem cannot be read"),
        (["fps=often"], "fps=often is not a choice"),
        (["label=mine.png"], "label=mine.png is no picture"),
        (["label=text", "language=xx"], "language=xx has no label"),
        (["crf=60"], "crf=60 is more than mp4 knows"),
        (["control.blink=wink.csv"], "neither a number of blinks a minute, nor own, nor a file"),
        (["speech.0=a.wav"], "give one kind of them"),
        (["speech.1=a.wav", "audio=null"], "a.wav does not exist"),
        (["subject=3"], "no finished audio2motion bundle of subject 3"),
        (["pose=nodding"], "pose=nodding is not a choice"),
        (["pose=30-20"], "pose=30-20 is not a choice"),
        (["pose=900-950"], "choose another pose="),
        (["control.refine=all"], "control.refine=all is not a choice"),
        (["modus=dub"], "modus is not a key of infer; did you mean mode"),
        (["data.name=nobody"], "make it with: python train.py model=audio2motion data=myvideo data.name=nobody"),
        (["frame=9x16"], "on canvas 9x16-h512"),
    ],
)
def test_mistakes_are_told_in_one_sentence(infer, capsys, tmp_path, arguments, sentence):
    assert infer(f"out={tmp_path / 'film.mp4'}", *arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_silence_is_refused(infer, tmp_path, capsys):
    soundfile.write(tmp_path / "hush.wav", np.zeros(16_000), 16_000)
    assert infer(f"audio={tmp_path / 'hush.wav'}") == 2
    assert "silent" in capsys.readouterr().err


def test_place_that_cannot_be_written_to(infer, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert infer(f"out={tmp_path / 'file' / 'film.mp4'}") == 2
    assert "out=" in capsys.readouterr().err


def changed(runs: Path, copy: Path, stage: str, old: str, new: str) -> Path:
    """Copy of the runs folder with `old` replaced in the manifest of a stage's bundle."""
    shutil.copytree(runs / "mini", copy / "mini")
    manifest = copy / "mini" / stage / "default" / "bundle" / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_head_of_another_clip_is_refused(runs, verb, speech, tmp_path, capsys):
    sha = Clip.load(runs / "mini" / "clip").sha256
    mixed = changed(runs, tmp_path, "radnerf_head", f'"clip_sha256": "{sha}"', f'"clip_sha256": "{"0" * 64}"')
    assert verb("infer", "data=myvideo", "data.name=mini", f"paths.runs={mixed}", f"audio={speech}") == 2
    said = capsys.readouterr().err
    assert "trained on another clip" in said
    assert "python train.py model=radnerf_head" in said


def test_bundle_of_another_version_is_told(runs, verb, speech, tmp_path, capsys):
    old = changed(runs, tmp_path, "radnerf_torso", '"canonical": 8', '"canonical": 16')
    assert verb("infer", "data=myvideo", "data.name=mini", f"paths.runs={old}", f"audio={speech}") == 2
    assert "train radnerf_torso again" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["audio2motion", "postnet"])
def test_bundle_of_another_person_is_refused_in_one_sentence(runs, verb, speech, tmp_path, capsys, stage):
    mixed = changed(runs, tmp_path, stage, '"clip": "clip"', '"clip": "anna"')
    assert verb("infer", "data=myvideo", "data.name=mini", f"paths.runs={mixed}", f"audio={speech}") == 2
    said = capsys.readouterr().err
    assert said.count("error:") == 1
    assert "belongs to another person (anna, not clip)" in said
    assert f"model={stage}" in said
