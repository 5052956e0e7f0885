"""Computes the ground truth of a performance: landmarks, visibility, occlusion."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.landmarks import N_MESH, OVAL
from beavervision.face.openness import eye_open, mouth_open
from beavervision.synthetic.actor import Actor
from beavervision.synthetic.body import SHOULDERS
from beavervision.synthetic.ground_truth import Truth
from beavervision.synthetic.performance import Performance
from beavervision.types import Label, VisibilityReason

COVERED = 8
"""Number of landmarks that a hand must hide for the face to count as occluded."""


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
    """Visibility reason of each frame, from the share of the face outline [T, 36, 2] inside the image."""
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
    """Compute the ground truth of a performance.

    Args:
        actor: the actor.
        performance: the performance.
        hidden: number of landmarks hidden by hand or sleeve in each frame, see `hidden_landmarks`.
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
