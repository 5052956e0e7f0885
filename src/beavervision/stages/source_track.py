"""Track of head, shoulders and canvas in the source footage, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from beavervision.artifacts.clip import Subject
from beavervision.artifacts.crops import Crops

BODY_CONFIDENCE = 0.3
"""Confidence (MediaPipe, 0 .. 1) below which body keypoints are interpolated over time."""

BODY_SIGMA = 2.0
"""Standard deviation of the smoothing of body keypoints, frames: they jitter by a few pixels, shoulders move slowly."""

CORRECTION_SIGMA = 1.0
"""Standard deviation of the smoothing of the head's pose correction, frames. On the actor it removes a third of the
jitter, which is then below that of the tracked poses (0.12 px against 0.14, and 0.17 without), and a sixth of the
correction."""

BODY_GUESS = np.array([[-0.95, 1.35], [0.95, 1.35], [0.0, 0.85]])
"""Right shoulder, left shoulder and neck relative to the face box's centre, in face heights (proportions of an adult),
for footage in which they are never visible."""

ASSETS = {
    "source_rotation": "float T 3 3",
    "source_translation": "float T 3",
    "source_body": "float T 3 2",
    "source_eye_open": "float T 2",
    "source_expression": "float T E",
    "source_visible": "bool T",
    "source_occluded": "bool T",
    "source_box": "float T 4",
    "source_path": "float T 3",
    "source_cameras": "float T 4",
}
"""Arrays of a track in a bundle: name -> type and shape."""
NOTES = {
    "rotation": ("", "head to camera"),
    "translation": ("cm", "camera space"),
    "body": ("px", "full frame; right shoulder, left shoulder, neck"),
    "eye_open": ("lid distance / eye width", "subject's right, left"),
    "expression": ("standard deviations", "face model coefficients"),
    "visible": ("", ""),
    "occluded": ("", "something stands before the head"),
    "box": ("px", "full frame, x0 y0 x1 y1 of the face"),
    "path": ("px", "full frame; x0, y0, scale of the canvas"),
    "cameras": ("px", "canvas; fx, fy, cx, cy"),
}


@dataclass(frozen=True)
class SourceTrack:
    """One person's frames; invisible frames hold NaN, except body, path and cameras."""

    rotation: Float[np.ndarray, "T 3 3"]
    translation: Float[np.ndarray, "T 3"]
    body: Float[np.ndarray, "T 3 2"]
    eye_open: Float[np.ndarray, "T 2"]
    expression: Float[np.ndarray, "T E"]
    visible: Bool[np.ndarray, "T"]
    occluded: Bool[np.ndarray, "T"]
    box: Float[np.ndarray, "T 4"]
    path: Float[np.ndarray, "T 3"]
    cameras: Float[np.ndarray, "T 4"]

    @classmethod
    def of(cls, subject: Subject, crops: Crops) -> SourceTrack:
        """Track of a clip's subject on the canvas of `crops`."""
        names = ("rotation", "translation", "eye_open", "expression", "visible", "occluded", "box")
        own = {name: getattr(subject, name) for name in names}
        return cls(**own, body=body_track(subject), path=crops.path, cameras=crops.cameras)

    @classmethod
    def from_assets(cls, assets: Mapping[str, np.ndarray]) -> SourceTrack:
        """Load the track from a bundle's assets."""
        return cls(**{field.name: assets[f"source_{field.name}"] for field in fields(cls)})

    def to_assets(self) -> dict[str, np.ndarray]:
        """Arrays for a bundle, each named `source_...`."""
        return {f"source_{field.name}": getattr(self, field.name) for field in fields(self)}

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.visible)

    def take(self, frames: np.ndarray) -> SourceTrack:
        """Select the given frames, in their order."""
        return SourceTrack(**{field.name: getattr(self, field.name)[frames] for field in fields(self)})

    def posed(self, rotation: Float[np.ndarray, "T 3 3"], translation: Float[np.ndarray, "T 3"]) -> SourceTrack:
        """The same frames with the corrected poses of the head's training; see the fields.

        The correction depends on the tracked expression and jitters with it, so it is smoothed over time.
        """
        seen = np.flatnonzero(self.visible)
        if not len(seen):
            return self
        turned, moved = self.rotation.copy(), self.translation.copy()
        turns = Rotation.from_matrix(rotation[seen] @ self.rotation[seen].swapaxes(1, 2)).as_rotvec()
        shifts = translation[seen] - self.translation[seen]
        calm = [gaussian_filter1d(values, CORRECTION_SIGMA, axis=0, mode="nearest") for values in (turns, shifts)]
        turned[seen] = Rotation.from_rotvec(calm[0]).as_matrix() @ self.rotation[seen]
        moved[seen] += calm[1]
        return replace(self, rotation=turned, translation=moved)


def body_track(subject: Subject) -> Float[np.ndarray, "T 3 2"]:
    """Shoulders and neck in full-frame pixels without gaps: uncertain points are interpolated over time and smoothed.

    Points that the footage never shows get an adult's proportions.
    """
    body = np.where(subject.body[..., 2:] >= BODY_CONFIDENCE, subject.body[..., :2], np.nan)
    seen = np.isfinite(subject.box).all(1)
    box = np.median(subject.box[seen], 0) if seen.any() else np.array([0.0, 0.0, 1.0, 1.0])
    guess = (box[:2] + box[2:]) / 2 + BODY_GUESS * (box[3] - box[1])
    every = np.arange(len(body))
    whole = np.empty_like(body, dtype=np.float64)
    for point in range(body.shape[1]):
        known = np.flatnonzero(np.isfinite(body[:, point]).all(1))
        for axis in (0, 1):
            whole[:, point, axis] = (
                np.interp(every, known, body[known, point, axis]) if len(known) else guess[point, axis]
            )
    return gaussian_filter1d(whole, BODY_SIGMA, axis=0, mode="nearest")
