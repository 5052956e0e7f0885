"""`beavervision export` and `unpack`: what they write, and one sentence for a mistake."""

from __future__ import annotations

import sys

import pytest

from beavervision.cli import export, unpack
from beavervision.workflows.upstream import BundleQuery, newest_bundle


@pytest.fixture
def speech(root):
    return str(root / "src/beavervision/synthetic/data/speech.flac")


def test_motion_writes_the_chosen_files_and_says_what_is_left_out(speech, tmp_path, capsys):
    assert export.main(["motion", speech, "--out", str(tmp_path / "talk"), "--formats", "csv,glb"]) == 0
    said = capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.csv", "talk.glb"]
    assert "210 frames at 25 fps" in said
    assert "tongueOut" in said


def test_a_packed_person_is_found_again_after_unpacking(live_runs, tmp_path, capsys):
    file = tmp_path / "mini.bva"
    assert export.main(["bva", str(live_runs / "mini"), "--out", str(file)]) == 0
    assert unpack.main([str(file), "--runs", str(tmp_path / "runs"), "--name", "anna"]) == 0
    said = capsys.readouterr().out
    assert "audio2motion, lower_face, postnet, radnerf_head, radnerf_torso" in said
    assert "data.name=anna" in said
    assert newest_bundle("radnerf_head", BundleQuery(tmp_path / "runs", "anna")) is not None
    assert unpack.main([str(file), "--runs", str(tmp_path / "runs"), "--name", "anna"]) == 2


@pytest.mark.parametrize(
    ("verb", "words", "complaint"),
    [
        (export, ["motion", "nofile.wav"], "nofile.wav does not exist"),
        (export, ["motion", "nofile.wav", "--formats", "usd"], "--formats has 'usd'; take some of csv,"),
        (export, ["onnx", "runs/nobody"], "runs/nobody does not exist"),
        (export, ["bva", "runs/nobody", "--out", "a.zip"], "a.zip should end in .bva"),
        (unpack, ["nofile.bva"], "nofile.bva not found"),
    ],
)
def test_a_mistake_is_one_sentence(verb, words, complaint, capsys):
    assert verb.main(words) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_without_the_extra_onnx_says_how_to_get_it(live_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert export.main(["onnx", str(live_runs / "mini"), "--out", str(tmp_path / "out")]) == 2
    assert "pip install 'beavervision[export]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
