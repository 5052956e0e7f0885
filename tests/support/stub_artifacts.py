"""Artifacts as far as their manifests go: enough for code that does not read their arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beavervision.artifacts.bundle import BundleFacts
from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.corpus import CorpusFacts
from beavervision.artifacts.manifest import write_manifest

CLIP = {
    "name": "anna",
    "video": "anna.mp4",
    "width": 160,
    "height": 120,
    "fps": 25.0,
    "n_frames": 50,
    "n_subjects": 1,
    "start": 0.0,
    "end": None,
    "focal": 240.0,
    "basis": "gpmm",
    "has_audio": True,
}
TRAINED = {"clip": "anna", "clip_sha256": "0" * 64, "fps": 25.0, "basis": "gpmm"}


def stub_clip(folder: Path, **facts: Any) -> Path:
    """Write the manifest of a clip."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, ClipFacts, {**CLIP, **facts})
    return folder


def stub_corpus(folder: Path, name: str) -> Path:
    """Write the manifest of a corpus without recordings."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, CorpusFacts, {"name": name})
    return folder


def stub_bundle(folder: Path, stage: str, **facts: Any) -> Path:
    """Write the manifest of a bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {"stage": stage, "hparams": {}, "weights_sha256": "0" * 64}
    if stage.startswith("radnerf"):
        spec = {"name": "native", "aspect": None, "height": 64, "face_scale": None, "offset": [0.0, 0.0]}
        own |= {"frame": "native-h64", "frame_spec": spec, "canvas": [64, 64], "train_frames": 40}
    write_manifest(folder, BundleFacts, {**TRAINED, **own, **facts})
    return folder
