"""Networks as ONNX: the same results in onnxruntime, for sounds of any length, and a dub without torch."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

import beavervision as bv
from beavervision.audio.features import AudioFeatures
from beavervision.audio.mel import log_mel
from beavervision.audio.speech_encoder import speech_features
from beavervision.export.onnx_files import run_graph
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.stages.lower_face.inference import render_patches
from beavervision.video.probe import probe

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript", reason="pip install 'beavervision[export]'")


@pytest.fixture(scope="module")
def exported(live_runs, tmp_path_factory):
    folder, lines = tmp_path_factory.mktemp("onnx") / "mini_onnx", []
    bv.Avatar.load(live_runs / "mini").export_onnx(folder, report=lines.append)
    return folder, json.loads((folder / "export.json").read_text()), lines


@pytest.fixture(scope="module")
def person(live_runs):
    stages = ("audio2motion", "postnet", "lower_face")
    return LowerFaceAvatar.load({stage: live_runs / "mini" / stage / "default/bundle" for stage in stages})


def sound(frames):
    rng = np.random.default_rng(frames)
    return (0.1 * rng.standard_normal(640 * frames) * np.sin(np.arange(640 * frames) / 4000) ** 2).astype(np.float32)


def test_every_graph_is_valid_and_names_its_opset(exported):
    folder, facts, lines = exported
    assert set(facts["graphs"]) == {"speech_encoder", "log_mel", "audio2motion", "lower_face"}
    assert len(lines) == 4
    for graph in facts["graphs"].values():
        model = onnx.load(folder / graph["file"])
        onnx.checker.check_model(model, full_check=True)
        assert {one.domain: one.version for one in model.opset_import}[""] == facts["opset"] == 18
        assert graph["largest_difference"] < 1e-3


@pytest.mark.parametrize("frames", [3, 61])
def test_what_hears_equals_torch_for_any_length(exported, frames):
    folder, _, _ = exported
    samples = sound(frames)
    for name, reference in (("speech_encoder", speech_features), ("log_mel", log_mel)):
        found = run_graph(folder / f"{name}.onnx", {"samples": samples})[0]
        np.testing.assert_allclose(found, reference(samples), atol=1e-4)


@pytest.mark.parametrize("frames", [3, 61])
def test_motion_equals_torch_for_any_length(exported, person, frames):
    folder, facts, _ = exported
    source, rng = person.audio2motion, np.random.default_rng(0)
    heard = AudioFeatures(log_mel(sound(frames)), np.zeros(2 * frames))
    noise = rng.standard_normal((-(-frames // 4), facts["latent"])).astype(np.float32)
    voice = {"pitch": np.ones(2 * frames, np.int64), "amplitude": np.array([1.2, 0.9], np.float32)}
    expression, condition = run_graph(folder / "audio2motion.onnx", {"content": heard.content, "noise": noise, **voice})
    wanted = source.window(heard, noise, (1.2, 0.9))
    np.testing.assert_allclose(expression, wanted, atol=1e-4)
    np.testing.assert_allclose(condition, person.face_model.condition68(person.identity, wanted), atol=1e-3)


def test_int8_is_kept_only_where_it_holds(exported):
    folder, facts, _ = exported
    tried = {name: graph["int8"] for name, graph in facts["graphs"].items() if "int8" in graph}
    assert set(tried) == {"speech_encoder", "audio2motion", "lower_face"}
    for name, small in tried.items():
        held = small["relative_error"] <= small["limit"]
        assert (small["file"] is not None) == held == (folder / f"{name}.int8.onnx").exists()
    # The encoder is always the same network: 38 % of the size, and 2 % error, or 4 % on CPUs whose int8 sums saturate.
    assert tried["speech_encoder"]["relative_error"] < 0.1
    assert tried["speech_encoder"]["bytes"] < 0.5 * facts["graphs"]["speech_encoder"]["bytes"]


def test_the_lower_face_equals_what_infer_draws(exported, person):
    from beavervision.compositing.detail_transfer import flow_spline
    from beavervision.stages.lower_face.landmark_maps import landmark_maps

    folder, _, _ = exported
    renderer = person.lower_face
    network, geometry = renderer.network, renderer.geometry
    patches, points = network.references.numpy()[:3], network.reference_points.numpy()[[1, 2, 0]] + [0.3, -0.7]
    inputs = {
        "patch": patches,
        "maps": np.stack([landmark_maps(face, geometry.size, geometry.pixels_per_cm) for face in points]),
        "points": (points - 0.5).astype(np.float32),
        "spline": np.stack([flow_spline(network.reference_points.numpy(), face).weights for face in points]),
    }
    inputs["spline"] = inputs["spline"].astype(np.float32)
    found = run_graph(folder / "lower_face.onnx", inputs)[0]
    with torch.no_grad():
        wanted = render_patches(network, geometry, patches, points)
    # The reference patches are warped by another interpolation: a level or two at edges.
    assert np.abs(found - wanted).mean() < 0.5
    inside = network.ellipse[0, 0].numpy() > 0
    assert np.abs(found - wanted)[:, inside].max() < 12
    np.testing.assert_allclose(found[:, ~inside], patches[:, ~inside], atol=1e-3)


BLOCK_TORCH = "import sys, runpy; sys.modules['torch'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"


def test_the_example_dubs_without_torch(exported, live_runs, root, tmp_path):
    folder, _, _ = exported
    example = root / "examples/dub_onnx.py"
    lines = [line for line in example.read_text().splitlines() if line.strip()]
    assert len(lines) <= 60
    samples, rate = soundfile.read(root / "src/beavervision/synthetic/data/speech.flac", frames=26_460)
    soundfile.write(tmp_path / "word.wav", samples, rate)
    words = [example, folder, live_runs / "mini/clip.mp4", tmp_path / "word.wav"]
    words = [str(word) for word in (*words, tmp_path / "dub.mp4")]
    done = subprocess.run([sys.executable, "-c", BLOCK_TORCH, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    film = probe(tmp_path / "dub.mp4")
    assert (film.width, film.height, film.fps) == (96, 72, 25.0)
    assert film.duration == pytest.approx(1.2, abs=0.1)  # of the 40 frames of footage, to and fro


def test_an_existing_folder_is_not_replaced(exported, live_runs):
    with pytest.raises(bv.ArtifactError, match="mini_onnx exists already; give another folder"):
        bv.Avatar.load(live_runs / "mini").export_onnx(exported[0])
