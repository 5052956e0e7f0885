"""What is true of a synthetic clip, frame by frame."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from safetensors import safe_open
from safetensors.numpy import save_file

from beavervision.artifacts.clip import Subject
from beavervision.face.landmarks import N_MESH, OVAL
from beavervision.face.openness import eye_open, mouth_open
from beavervision.synthetic.actor import Actor
from beavervision.synthetic.body import SHOULDERS
from beavervision.synthetic.performance import Performance
from beavervision.synthetic.speech import Phoneme
from beavervision.types import Label, VisibilityReason

COVERED = 8
"""Landmarks that a hand must hide for the face to count as occluded."""


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
        arrays = {f.name: value for f in fields(self) if isinstance(value := getattr(self, f.name), np.ndarray)}
        notes = {
            "phonemes": json.dumps([asdict(phoneme) for phoneme in self.phonemes]),
            "fps": json.dumps(self.fps),
            "focal": json.dumps(self.focal),
            "size": json.dumps(self.size),
        }
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path, metadata=notes)

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read what `save` wrote."""
        with safe_open(path, "numpy") as file:
            notes = {name: json.loads(text) for name, text in file.metadata().items()}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
        notes["phonemes"] = tuple(Phoneme(**phoneme) for phoneme in notes["phonemes"])
        notes["size"] = tuple(notes["size"])
        return cls(**arrays, **notes)

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
            **seen,
        )


def landmark_pixels(actor: Actor, performance: Performance) -> Float[np.ndarray, "T 478 3"]:
    """Project the actor's 478 landmarks: px, and depth relative to the head's origin in px."""
    rows = []
    for frame in range(performance.n_frames):
        pose = performance.pose(frame)
        camera = actor.landmarks(pose) @ pose.rotation.T + pose.translation
        depth = (camera[:, 2:] - pose.translation[2]) * actor.camera.fx / pose.translation[2]
        rows.append(np.concatenate([actor.camera.project(camera), depth], axis=1))
    return np.stack(rows)


def _visibility(outline: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Reason of each frame from how much of the face's outline [T, 36, 2] lies in the picture."""
    inside = ((outline >= 0) & (outline < np.array(size))).all(axis=2)
    reason = np.full(len(outline), int(VisibilityReason.CUT))
    reason[inside.all(axis=1)] = int(VisibilityReason.VISIBLE)
    reason[~inside.any(axis=1)] = int(VisibilityReason.OUT_OF_FRAME)
    return reason


def hidden_landmarks(landmarks: Float[np.ndarray, "478 C"], labels: Int[np.ndarray, "H W"]) -> int:
    """Number of face landmarks at whose pixel the label map shows a hand or a sleeve."""
    height, width = labels.shape
    column, row = np.floor(landmarks[:N_MESH, :2]).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    found = labels[row[inside], column[inside]]
    return int(((found == Label.HAND) | (found == Label.TORSO)).sum())


def known_truth(actor: Actor, performance: Performance, hidden: Int[np.ndarray, "T"]) -> Truth:
    """Gather the truth of a performance.

    Args:
        actor: who performs.
        performance: what.
        hidden: landmarks hidden by hand or sleeve in each frame, see `hidden_landmarks`.
    """
    size = (actor.camera.width, actor.camera.height)
    landmarks = landmark_pixels(actor, performance)
    reason = _visibility(landmarks[:, OVAL, :2], size)
    frontal = np.stack([actor.face(expression) for expression in performance.expression])
    shoulders = np.einsum("nij,kj->nki", performance.body_rotation, SHOULDERS)
    shoulders = actor.camera.project(shoulders + performance.body_translation[:, None])
    return Truth(
        visible=reason == VisibilityReason.VISIBLE,
        reason=reason,
        occluded=np.asarray(hidden) >= COVERED,
        landmarks=landmarks.astype(np.float32),
        rotation=performance.rotation.astype(np.float32),
        translation=performance.translation.astype(np.float32),
        identity=actor.identity.astype(np.float32),
        expression=performance.expression.astype(np.float32),
        eye_open=eye_open(landmarks).astype(np.float32),
        mouth_open=mouth_open(landmarks).astype(np.float32),
        mouth_open_frontal=mouth_open(frontal).astype(np.float32),
        body=np.concatenate([shoulders, np.ones((*shoulders.shape[:2], 1))], axis=2).astype(np.float32),
        phonemes=performance.phonemes,
        fps=performance.fps,
        focal=float(actor.camera.fx),
        size=size,
    )
