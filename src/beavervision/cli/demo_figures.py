"""Metrics of the demo: clip, head and video compared with the actor's exact ground truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.clip import Clip
from beavervision.face.openness import mouth_open
from beavervision.preprocess import PrepareOptions
from beavervision.preprocess.face_detection import FaceFinder
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_tracker import FaceTracker
from beavervision.preprocess.ingest import open_source
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.preprocess.reidentification import join_tracks
from beavervision.preprocess.shot_detection import shot_boundaries
from beavervision.preprocess.subject_selection import select_subjects
from beavervision.synthetic.ground_truth import SpeechTruth, Truth

EYE_CORNERS = (33, 263)
"""Outer corners of the eyes; landmark errors are relative to their distance."""


def clip_figures(clip: Clip, truth: Truth) -> dict[str, float]:
    """Return the errors of a prepared clip of the actor.

    Args:
        clip: clip prepared from the actor's footage, from its first frame on.
        truth: ground truth of the actor.
    """
    subject, n = clip.subjects[0], clip.n_frames
    seen = subject.visible & truth.visible[:n] & np.isfinite(subject.rotation).all((1, 2))
    turn = np.einsum("tji,tjk->tik", truth.rotation[:n][seen], subject.rotation[seen])
    cosine = np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)
    points, exact = subject.landmarks[seen, :, :2], truth.landmarks[:n][seen, :, :2]
    scale = np.linalg.norm(exact[:, EYE_CORNERS[0]] - exact[:, EYE_CORNERS[1]], axis=1)
    error = np.linalg.norm(points - exact, axis=2) / scale[:, None]
    return {
        "prepare/pose_error_deg_median": float(np.degrees(np.median(np.arccos(cosine)))),
        "prepare/landmark_error_percent_of_eye_distance_median": 100 * float(np.median(error)),
        "prepare/visible_agreement": float((subject.visible == truth.visible[:n]).mean()),
    }


def film_figures(film: Path, truth: SpeechTruth, name: str) -> dict[str, float]:
    """Return how well the mouth in a video follows the speech, measured with MediaPipe.

    Args:
        film: mp4 file whose frame i is at second i / fps of the speech.
        truth: ground truth of the speech.
        name: name of the video, for the names of the metrics.
    """
    opening = film_mouth(film, truth.fps)
    n = min(len(opening), len(truth.mouth_open))
    seen = np.isfinite(opening[:n])
    figures = {f"{name}/frames_with_a_face": float(seen.mean())}
    if seen.sum() > 2:
        correlation = np.corrcoef(opening[:n][seen], truth.mouth_open[:n][seen])[0, 1]
        figures[f"{name}/mouth_correlation"] = float(correlation)
    return figures


def film_mouth(film: Path, fps: float) -> Float[np.ndarray, "T"]:
    """Return the mouth opening in every frame of a video; NaN where no face is found.

    See `face.openness.mouth_open` for the definition.
    """
    source = open_source(film, PrepareOptions("film", fps))
    with quiet_native():
        tracker = FaceTracker(FaceFinder(), FaceMesh())
        for frame in source.frames(range(source.n_frames)):
            tracker.step(frame.index, frame.rgb)
    people = join_tracks(tracker.tracks, shot_boundaries(np.stack(tracker.signatures)))
    if not people:
        return np.full(source.n_frames, np.nan)
    (number,) = select_subjects([person.presence(source.n_frames) for person in people], "largest")
    return mouth_open(people[number].landmarks(source.n_frames))


def bundle_figures(bundles: dict[str, Path]) -> dict[str, float]:
    """Return the metrics of the stages on held-out frames, and their cost."""
    figures = {}
    for stage, folder in bundles.items():
        measured = Bundle.load(folder, stage).metrics
        figures |= {f"{stage}/{name}": value for name, value in measured.items()}
    return figures
