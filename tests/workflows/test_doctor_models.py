"""doctor says which model files are there, and which are the known ones."""

import hashlib

from beavervision.preprocess import perception_networks
from beavervision.preprocess.perception_networks import model_files
from beavervision.preprocess.perception_networks.model_files import MODEL_FILES, VARIABLE
from beavervision.workflows.doctor import _detectors


def test_models_inside_the_wheel_need_no_file():
    (finding,) = _detectors()
    assert finding.well
    assert "inside mediapipe" in finding.text


def test_each_model_file_is_named_with_its_state(tmp_path, monkeypatch):
    monkeypatch.setattr(perception_networks, "network_kind", lambda: "tasks")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    known = MODEL_FILES[0].__class__("mine.task", "faces", "https://host/1/mine.task", _sha(b"known"), 5)
    monkeypatch.setattr(model_files, "MODEL_FILES", (known, *MODEL_FILES[1:3]))
    (tmp_path / known.name).write_bytes(b"known")
    (tmp_path / MODEL_FILES[1].name).write_bytes(b"something else")
    whole, first, second, third = _detectors()
    assert str(tmp_path) in whole.text
    assert f"downloads {MODEL_FILES[2].size / 1e6:.1f} MB" in whole.text
    assert whole.well
    assert "is the known one" in first.text
    assert first.well
    assert "another file than version 1" in second.text
    assert not second.well
    assert "not there yet (hands, 7.8 MB)" in third.text
    assert not any(one.needed for one in (first, second, third))


def _sha(content):
    return hashlib.sha256(content).hexdigest()
