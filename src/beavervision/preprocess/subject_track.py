"""One subject of the footage, frame by frame: landmarks, visibility, and the fitted face model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.face.fit import Fit
from beavervision.face.morphable_model import FaceModel
from beavervision.preprocess.face_track import landmark_box
from beavervision.preprocess.fit import agreed, fit_subject
from beavervision.preprocess.frame_visibility import classify_frames
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.landmark_smoothing import fill_gaps, smooth_outline
from beavervision.preprocess.person_tracks import PersonTracks

VERSION = 7


@dataclass(frozen=True)
class SubjectTrack:
    """One subject, frame by frame; frames that do not show it are NaN unless stated otherwise."""

    landmarks: Float[np.ndarray, "T 478 3"]
    """Landmarks in full-frame px."""
    visible: Bool[np.ndarray, "T"]
    reason: Int[np.ndarray, "T"]
    """types.VisibilityReason of each frame."""
    box: Float[np.ndarray, "T 4"]
    identity: Float[np.ndarray, "I"]
    expression: Float[np.ndarray, "T E"]
    rotation: Float[np.ndarray, "T 3 3"]
    """Rotation, head to camera; also known where `interpolated`."""
    translation: Float[np.ndarray, "T 3"]
    """Translation in camera space, cm; also known where `interpolated`."""
    focal: Float[np.ndarray, "1"]
    """Focal length, full-frame px."""
    error_px: Float[np.ndarray, "T"]
    interpolated: Bool[np.ndarray, "T"]

    def save(self, folder: Path) -> None:
        """Write every array to a separate file, so that each can be read alone."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def load(cls, folder: Path) -> SubjectTrack:
        """Memory-map the output of `save`."""
        return cls(**{f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls)})

    @property
    def fit(self) -> Fit:
        """The face model's fit."""
        return Fit(self.identity, self.expression, self.rotation, self.translation, float(self.focal[0]), self.error_px)


def build_subject_track(
    crowd: PersonTracks, person: int, source: Source, model: FaceModel, focal: float | None, gap: float
) -> SubjectTrack:
    """Classify, smooth and fit one person's landmarks, and fill short gaps.

    Args:
        crowd: all people of the footage.
        person: number of the person.
        source: the footage.
        model: the face model.
        focal: focal length, full-frame px; estimated when None.
        gap: longest gap over which the pose is interpolated, seconds.
    """
    size, found = (source.info.width, source.info.height), crowd.landmarks(person)
    visible, reason = classify_frames(found, *size, crowd.sharpness(person), crowd.cuts)
    landmarks = smooth_outline(found, visible)
    fit = fit_subject(model, landmarks, visible, size, focal)
    landmarks = agreed(model, landmarks, fit, size)
    box = landmark_box(landmarks).astype(np.float32)
    rotation, translation, box, interpolated = fill_gaps(
        fit.rotation, fit.translation, box, visible, reason, source.fps, gap, crowd.cuts.firsts
    )
    return SubjectTrack(
        landmarks=landmarks,
        visible=visible,
        reason=reason,
        box=box,
        identity=fit.identity.astype(np.float32),
        expression=fit.expression.astype(np.float32),
        rotation=rotation.astype(np.float32),
        translation=translation.astype(np.float32),
        focal=np.array([fit.focal]),
        error_px=fit.error_px.astype(np.float32),
        interpolated=interpolated,
    )
