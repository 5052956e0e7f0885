import json

import numpy as np
import pytest
import torch

from beavervision.artifacts.bundle import Bundle, BundleFacts, save_bundle
from beavervision.artifacts.manifest import Manifest
from beavervision.errors import BeaverError


@pytest.fixture
def bundle(tmp_path):
    shared = torch.arange(6.0).reshape(2, 3)
    return save_bundle(
        tmp_path / "bundle",
        "audio2motion",
        weights={"layer.weight": shared, "ema.weight": shared},
        hparams={"hidden": 3},
        facts={"clip": "me"},
        assets={"mean": np.array([1.0, 2.0], np.float32)},
        notes={"mean": ("standard deviations", "face model coefficients")},
        metrics={"val/lve": 0.5},
        inputs={"clip": {"path": "somewhere", "sha256": "0" * 64}},
    )


def test_round_trip(bundle):
    again = Bundle.load(bundle.folder, "audio2motion")
    assert again.hparams == {"hidden": 3}
    assert again.facts.model_extra == {"clip": "me"}
    assert again.metrics == {"val/lve": 0.5}
    assert torch.equal(again.weights["layer.weight"], torch.arange(6.0).reshape(2, 3))
    assert again.assets["mean"].tolist() == [1.0, 2.0]
    assert Manifest.read(bundle.folder, BundleFacts).fields["mean"].unit == "standard deviations"


def test_another_stage_is_refused(bundle):
    with pytest.raises(BeaverError, match="bundle of audio2motion, not of postnet"):
        Bundle.load(bundle.folder, "postnet")


def test_changed_weights_are_refused(bundle):
    path = bundle.folder / "weights.safetensors"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(BeaverError, match="was changed after it was written"):
        Bundle.load(bundle.folder, "audio2motion")


def test_failure_keeps_the_former_bundle(bundle):
    before = bundle.sha256
    with pytest.raises(TypeError):
        save_bundle(bundle.folder, "audio2motion", {}, {"bad": object()}, {})
    assert Bundle.load(bundle.folder, "audio2motion").sha256 == before
    assert [p.name for p in bundle.folder.parent.iterdir()] == ["bundle"]


def test_sha_names_the_content(bundle, tmp_path):
    other = save_bundle(tmp_path / "other", "audio2motion", {"layer.weight": torch.ones(1)}, {}, {})
    assert other.sha256 != bundle.sha256


def test_another_schema_is_refused(bundle):
    path = bundle.folder / "manifest.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "schema_version": 99}))
    with pytest.raises(BeaverError, match="schema version 99"):
        Bundle.load(bundle.folder, "audio2motion")
