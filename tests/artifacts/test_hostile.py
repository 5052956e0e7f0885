"""Artifacts by a hostile author: each change of each kind of artifact loads, or is refused in one sentence."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import write_speech_talk
from hostile import MANIFEST, WHOLE, file_cases, manifest_cases, survivors
from speech_clips import write_speech_clip
from torch import nn

from beavervision.artifacts.bundle import Bundle, BundleSchema, save_bundle
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.corpus import Corpus, write_corpus
from beavervision.artifacts.motion import Motion
from beavervision.artifacts.synthetic_speech import SyntheticSpeech
from beavervision.errors import ArtifactError, BeaverError
from beavervision.face.framing import FrameSpec
from beavervision.stages.audio2motion import bundle_schema as audio2motion_schema
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import MotionVAE
from beavervision.stages.lower_face import bundle_schema as lower_face_schema
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.postnet import bundle_schema as postnet_schema
from beavervision.stages.postnet.inference import MotionRefiner
from beavervision.stages.postnet.network import PostNet
from beavervision.stages.radnerf_head import bundle_schema as head_schema
from beavervision.stages.radnerf_head.distilled.head import FAST, DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_torso import bundle_schema as torso_schema
from beavervision.stages.radnerf_torso.inference import TorsoRenderer
from beavervision.stages.radnerf_torso.network import TorsoField
from beavervision.stages.syncnet import bundle_schema as syncnet_schema
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.syncnet.network import SyncNet

SIZES = {"T": 6, "E": 64, "I": 80, "N": 5, "H": 32, "W": 32}
KINDS = {"float": np.float32, "int": np.int64, "bool": np.bool_}
TRAINED = {"clip": "me", "clip_sha256": "0" * 64, "subject": 0, "fps": 25.0, "basis": "gpmm"}
SPEECH = {"audio_features": {"kind": "mel", "checkpoint": None}}
CANVAS = {"frame": "1x1-h32", "frame_spec": asdict(FrameSpec("1x1", 1.0, 32)), "canvas": [32, 32], "train_frames": 6}
GRID = {"levels": 2, "base": 4, "finest": 8, "ambient_finest": 8, "log2_entries": 6}
HEAD = {
    "box": [-10.0, -10.0, -10.0, 10.0, 10.0, 10.0], "n_codes": 6, "hidden": 16, "geometry": 8, "window": 3,
    "cells": 8, "kind": "grid", "ambient_dims": 2, "seed": 1, "backend": "torch", **GRID,
    "planes": {"levels": 2, "base": 4, "finest": 8, "log2_entries": 6, "features": 1},
}  # fmt: skip
FAST_SIZES = {"factor": 2, "samples": 2, "levels": 2, "steps": 8, "features": 4, "width": 8, "layers": 2}
VAE = {"content_dim": 80, "hidden": 8, "latent": 4, "condition": 8, "audio_hidden": 8, "branch": 8, "look_ahead": 5}
TORSO = {
    "condition": 20, "n_frames": 6, "aspect": 1.0, "hidden": 8, "canonical": 8, "code": 2, "levels": 2, "finest": 32,
    "log2_entries": 8,
}  # fmt: skip


def arrays(layout: dict[str, str]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    made = {}
    for name, wanted in layout.items():
        kind, *axes = wanted.split()
        shape = [int(axis) if axis.isdigit() else SIZES[axis] for axis in axes]
        made[name] = rng.uniform(0.1, 1, shape).astype(KINDS[kind])
    return made


def bundle(
    folder: Path, schema: BundleSchema, network: nn.Module, hparams: dict[str, Any], facts: dict[str, Any], **more: Any
) -> Path:
    weights = {**network.state_dict(), **more}
    made = arrays(dict(schema.assets or {}))
    return save_bundle(folder, schema.stage, weights, hparams, {**TRAINED, **facts}, assets=made).folder


def head_bundle(folder: Path) -> Path:
    fast = DistilledHead(HEAD, DistilledSizes(**FAST_SIZES)).state_dict()
    more = {FAST + name: value for name, value in fast.items()}
    facts = {**CANVAS, "footage": [64, 64], "fast": FAST_SIZES}
    return bundle(folder, head_schema.SCHEMA, HeadNetwork(**HEAD), HEAD, facts, **more)


def torso_bundle(folder: Path) -> Path:
    facts = {**CANVAS, "footage_size": [64, 64], "detail": 1.0, "body_frame": 0}
    return bundle(folder, torso_schema.SCHEMA, TorsoField(**TORSO), TORSO, facts)


def lower_face_bundle(folder: Path) -> Path:
    sizes = {"size": 64, "widths": [8, 16]}
    facts = {"footage_size": [64, 64], "pixels_per_cm": 4.0, "reach": 5.0, "train_frames": 6}
    return bundle(folder, lower_face_schema.SCHEMA, LowerFaceNetwork(**sizes), sizes, facts)


def audio2motion_bundle(folder: Path) -> Path:
    facts = {**SPEECH, "motion": "exp", "identity_dim": 0, "mouth_amp": 1.0, "eye_amp": 1.0, "speech_level_db": -20.0}
    return bundle(folder, audio2motion_schema.SCHEMA, MotionVAE(**VAE), VAE, facts)


def syncnet_bundle(folder: Path) -> Path:
    sizes = {"content_dim": 80, "hidden": 8, "embedding": 8}
    return bundle(folder, syncnet_schema.SCHEMA, SyncNet(**sizes), sizes, {**SPEECH, "speech_level_db": -20.0})


def postnet_bundle(folder: Path) -> Path:
    sizes = {"widths": [8, 8], "kernel": 3}
    return bundle(folder, postnet_schema.SCHEMA, PostNet(**sizes), sizes, SPEECH)


def motion(folder: Path) -> Path:
    given = arrays({"expression": "float T E", "condition68": "float T 68 3", "blink": "float T"})
    Motion(fps=25.0, **given).save(folder, {"clip": {"path": "me", "sha256": "0" * 64}})
    return folder


def corpus(folder: Path) -> Path:
    return write_corpus(folder, "all", [write_speech_talk(folder.with_name("ann"), "ann", 10)]).folder


ARTIFACTS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "clip": (lambda folder: write_speech_clip(folder, 8, hidden=()), Clip.load),
    "motion": (motion, Motion.load),
    "corpus": (corpus, Corpus.load),
    "synthetic_speech": (lambda folder: write_speech_talk(folder, "ann", 10), SyntheticSpeech.load),
    "audio2motion": (audio2motion_bundle, AudioToMotion.from_bundle),
    "syncnet": (syncnet_bundle, SyncExpert.from_bundle),
    "postnet": (postnet_bundle, MotionRefiner.from_bundle),
    "radnerf_head": (head_bundle, lambda folder: HeadRenderer.from_bundle(folder, "torch", render="fast")),
    "radnerf_torso": (torso_bundle, lambda folder: TorsoRenderer.from_bundle(folder, "torch")),
    "lower_face": (lower_face_bundle, LowerFaceRenderer.from_bundle),
}
"""Kind -> what writes one, and what reads it."""

HARMLESS = ("producer", "inputs", "facts.report", "facts.people", "facts.voice", "unit", "frame", "recipe")
"""Values that a reader shows or follows, and does not compute with: a change of these may load."""
OPTIONAL = (".hparams.", ".fast.", "facts.subject", "facts.identity_dim", "facts.background")
"""Values that have a default."""


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Lets no test of this file reserve more than 3 GB beyond what the process has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (3 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("kind", ARTIFACTS)
def test_each_change_of_a_manifest_loads_or_is_one_sentence(kind: str, tmp_path: Path, little_memory: None) -> None:
    write, load = ARTIFACTS[kind]
    write(tmp_path / kind)
    load(tmp_path / kind)
    wrong, loaded = survivors(tmp_path / kind, load, manifest_cases, BeaverError)
    assert not wrong
    assert not {f"manifest is {name}" for name in WHOLE} & loaded
    careless = {name for name in loaded if name.startswith(("drop", "unknown"))}
    assert not {name for name in careless if not any(part in name for part in HARMLESS + OPTIONAL)}


@pytest.mark.parametrize("kind", ARTIFACTS)
def test_each_change_of_a_file_loads_or_is_one_sentence(kind: str, tmp_path: Path, little_memory: None) -> None:
    write, load = ARTIFACTS[kind]
    write(tmp_path / kind)
    wrong, loaded = survivors(tmp_path / kind, load, file_cases, BeaverError)
    assert not wrong
    assert not [name for name in loaded if "link" in name or "pipe" in name or name.endswith("a folder")]
    assert not [name for name in loaded if ".safetensors" in name or MANIFEST in name]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("fields", "mean", "file"), "../../../../etc/passwd", "fields.mean.file"),
        (("fields", "mean", "file"), "/etc/passwd", "fields.mean.file"),
        (("fields", "mean", "shape"), [67, 3], "should be float32 (67, 3) by the manifest"),
        (("fields", "mean", "dtype"), "float16", "should be float16"),
        (("facts", "hparams", "widths"), [10**9], "facts.hparams.widths"),
        (("facts", "hparams", "widths"), [4096] * 64, "the weights lack layers"),
        (("facts", "hparams", "widths"), [8, 16], "by the hparams"),
        (("schema_version",), 0, "schema version 0"),
        (("kind",), "talk", "synthetic speech of an older beavervision"),
        (("a",), 1, "a is unknown"),
        (("facts", "weights_sha256"), "0" * 64, "was changed after it was written"),
    ],
)
def test_what_the_sentence_says(tmp_path: Path, place: tuple, value: Any, said: str) -> None:
    folder = postnet_bundle(tmp_path / "postnet")
    raw = json.loads((folder / MANIFEST).read_text())
    inner = raw
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    (folder / MANIFEST).write_text(json.dumps(raw))
    with pytest.raises(ArtifactError) as caught:
        MotionRefiner.from_bundle(folder)
    assert said in str(caught.value)


def test_a_figure_may_be_infinite(tmp_path: Path) -> None:
    folder = postnet_bundle(tmp_path / "postnet")
    (folder / "metrics.json").write_text('{"val/psnr": Infinity, "val/loss": NaN}')
    assert Bundle.load(folder, "postnet").metrics["val/psnr"] == np.inf
