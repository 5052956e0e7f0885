"""What is true of a synthetic clip, frame by frame."""

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
"""Landmarks are stored in whole twentieths of a pixel (up to 1638 px away)."""


def _save(truth: Truth | SpeechTruth, path: Path) -> None:
    """Arrays as safetensors, the rest as JSON in the metadata."""
    values = {f.name: getattr(truth, f.name) for f in fields(truth)}
    arrays = {name: np.ascontiguousarray(v) for name, v in values.items() if isinstance(v, np.ndarray)}
    if "landmarks" in arrays:  # half the file otherwise
        arrays["landmarks"] = np.round(arrays["landmarks"] * FRACTION).astype(np.int16)
    notes = {name: v for name, v in values.items() if name not in arrays}
    notes["phonemes"] = [asdict(phoneme) for phoneme in truth.phonemes]
    save_file(arrays, path, metadata={name: json.dumps(v) for name, v in notes.items()})


def _load(path: Path) -> dict[str, Any]:
    """Read what `_save` wrote."""
    with safe_open(path, "numpy") as file:
        values = {name: json.loads(text) for name, text in file.metadata().items()}
        values |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    if "landmarks" in values:
        values["landmarks"] = values["landmarks"].astype(np.float32) / FRACTION
    return {**values, "phonemes": tuple(Phoneme(**phoneme) for phoneme in values["phonemes"])}


@dataclass(frozen=True)
class SpeechTruth:
    """What is true of a speech: how the actor's mouth would speak it."""

    mouth_open: Float[np.ndarray, "T"]
    """As a head that looks into the camera shows it; see face.openness."""
    expression: Float[np.ndarray, "T E"]
    """Coefficients of the gpmm basis, standard deviations."""
    phonemes: tuple[Phoneme, ...]
    fps: float

    def save(self, path: Path) -> None:
        """Write a safetensors file; what is no array lies in its metadata as JSON."""
        _save(self, path)

    @classmethod
    def load(cls, path: Path) -> SpeechTruth:
        """Read what `save` wrote."""
        return cls(**_load(path))


@dataclass(frozen=True)
class Truth:
    """Exact truth of a clip; nothing is NaN: what cannot be seen is known all the same."""

    visible: Bool[np.ndarray, "T"]
    """The whole outline of the face lies in the picture."""
    reason: Int[np.ndarray, "T"]
    """types.VisibilityReason"""
    occluded: Bool[np.ndarray, "T"]
    """A hand or sleeve hides part of the face."""
    landmarks: Float[np.ndarray, "T 478 3"]
    """Full-frame px; z in px at the head's distance, towards the camera negative."""
    rotation: Float[np.ndarray, "T 3 3"]
    """Head to camera."""
    translation: Float[np.ndarray, "T 3"]
    """cm, camera space."""
    identity: Float[np.ndarray, "I"]
    expression: Float[np.ndarray, "T E"]
    """Coefficients of the gpmm basis, standard deviations."""
    eye_open: Float[np.ndarray, "T 2"]
    mouth_open: Float[np.ndarray, "T"]
    """As seen in the picture."""
    mouth_open_frontal: Float[np.ndarray, "T"]
    """As a head that looks into the camera would show it."""
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
        """Write a safetensors file; what is no array lies in its metadata as JSON."""
        _save(self, path)

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read what `save` wrote."""
        values = _load(path)
        return cls(**{**values, "size": tuple(values["size"])})

    def subject(self) -> Subject:
        """The truth as a clip's subject: rows of invisible frames NaN, False where boolean."""
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
