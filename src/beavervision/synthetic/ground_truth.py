"""Ground truth of a synthetic clip, frame by frame, and the files that ship with the package."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from safetensors import safe_open
from safetensors.numpy import save_file

from beavervision.artifacts.clip import Subject
from beavervision.face.landmarks import N_MESH
from beavervision.synthetic.speech import Phoneme

FRACTION = 20
"""Landmarks are stored in units of 1/20 pixel (up to 1638 px)."""


def _save(truth: Truth | SpeechTruth, path: Path) -> None:
    """Store arrays as safetensors, other values as JSON in the metadata."""
    values = {f.name: getattr(truth, f.name) for f in fields(truth)}
    arrays = {name: np.ascontiguousarray(v) for name, v in values.items() if isinstance(v, np.ndarray)}
    if "landmarks" in arrays:  # halves the file size
        arrays["landmarks"] = np.round(arrays["landmarks"] * FRACTION).astype(np.int16)
    notes = {name: v for name, v in values.items() if name not in arrays}
    notes["phonemes"] = [asdict(phoneme) for phoneme in truth.phonemes]
    save_file(arrays, path, metadata={name: json.dumps(v) for name, v in notes.items()})


def _load(path: Path) -> dict[str, Any]:
    """Read the output of `_save`."""
    with safe_open(path, "numpy") as file:
        values = {name: json.loads(text) for name, text in file.metadata().items()}
        values |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    if "landmarks" in values:
        values["landmarks"] = values["landmarks"].astype(np.float32) / FRACTION
    return {**values, "phonemes": tuple(Phoneme(**phoneme) for phoneme in values["phonemes"])}


@dataclass(frozen=True)
class SpeechTruth:
    """Ground truth of the actor speaking a speech."""

    mouth_open: Float[np.ndarray, "T"]
    """Mouth opening of a head that faces the camera; see face.openness."""
    expression: Float[np.ndarray, "T E"]
    """Coefficients of the gpmm basis, standard deviations."""
    phonemes: tuple[Phoneme, ...]
    fps: float

    def save(self, path: Path) -> None:
        """Write a safetensors file; values that are no arrays are JSON in its metadata."""
        _save(self, path)

    @classmethod
    def load(cls, path: Path) -> SpeechTruth:
        """Read the output of `save`."""
        return cls(**_load(path))


@dataclass(frozen=True)
class Truth:
    """Exact ground truth of a clip; nothing is NaN, because invisible values are known as well."""

    visible: Bool[np.ndarray, "T"]
    """Whether the whole face outline is inside the image."""
    reason: Int[np.ndarray, "T"]
    """types.VisibilityReason of each frame."""
    occluded: Bool[np.ndarray, "T"]
    """Whether a hand or sleeve hides part of the face."""
    landmarks: Float[np.ndarray, "T 478 3"]
    """Full-frame px; z in px at the head's distance, negative towards the camera."""
    rotation: Float[np.ndarray, "T 3 3"]
    """Rotation, head to camera."""
    translation: Float[np.ndarray, "T 3"]
    """Translation in camera space, cm."""
    identity: Float[np.ndarray, "I"]
    expression: Float[np.ndarray, "T E"]
    """Coefficients of the gpmm basis, standard deviations."""
    eye_open: Float[np.ndarray, "T 2"]
    mouth_open: Float[np.ndarray, "T"]
    """Mouth opening in the image."""
    mouth_open_frontal: Float[np.ndarray, "T"]
    """Mouth opening of the same head facing the camera."""
    body: Float[np.ndarray, "T 3 3"]
    """Right shoulder, left shoulder, neck: x, y in px, confidence."""
    phonemes: tuple[Phoneme, ...]
    fps: float
    focal: float
    size: tuple[int, int]
    """Width and height, px."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.visible)

    def save(self, path: Path) -> None:
        """Write a safetensors file; values that are no arrays are JSON in its metadata."""
        _save(self, path)

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read the output of `save`."""
        values = _load(path)
        return cls(**{**values, "size": tuple(values["size"])})

    def subject(self) -> Subject:
        """The ground truth as a clip's subject: invisible frames are NaN, False where boolean."""
        seen = {
            name: np.where(
                self.visible.reshape(-1, *[1] * (getattr(self, name).ndim - 1)), getattr(self, name), np.nan
            ).astype(np.float32)
            for name in ("landmarks", "rotation", "translation", "expression", "eye_open", "mouth_open", "body")
        }
        outline = seen["landmarks"][:, :N_MESH, :2]
        box = np.concatenate([outline.min(axis=1), outline.max(axis=1)], axis=1)
        return Subject(
            visible=self.visible,
            reason=self.reason,
            box=box,
            identity=self.identity.astype(np.float32),
            occluded=self.occluded & self.visible,
            covered=np.where(self.visible, self.occluded, np.nan).astype(np.float32),
            interpolated=np.zeros_like(self.visible),
            **seen,
        )


DATA = Path(__file__).parent / "data"
VIDEO, TRUTH = "actor.mp4", "actor_truth.safetensors"
SPEECH, SPEECH_TRUTH = "speech.flac", "speech_truth.safetensors"


def actor_video() -> Path:
    """Path of the rendered clip: 1280 x 720, 25 fps, with sound."""
    return DATA / VIDEO


def actor_truth() -> Truth:
    """Path of the clip's ground truth, frame by frame."""
    return Truth.load(DATA / TRUTH)


def speech_audio() -> Path:
    """Path of a second speech by the same voice, which is not in the clip."""
    return DATA / SPEECH


def speech_truth() -> SpeechTruth:
    """Path of the ground truth of the actor speaking the second speech."""
    return SpeechTruth.load(DATA / SPEECH_TRUTH)
