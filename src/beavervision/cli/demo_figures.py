"""Metrics of the demo: clip, head and video compared with the actor's exact ground truth."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.clip import Clip
from beavervision.face.openness import mouth_open
from beavervision.metrics.film_comparison import OWN, WIDE, face_square, mean_gradient
from beavervision.metrics.seam import seam_gradients
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
from beavervision.video.decode import read_frames

SIDE = 128
"""Side of the square to which the face's box is resampled for sharpness and steadiness, px."""
CODEC_LOSS = 24
"""Largest difference of a pixel from the footage that counts as compression, grey values."""
SEAM_WIDTH = 3.0
"""Width of the band inside the border of what a dub changed, px."""
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


def film_figures(film: Path, truth: SpeechTruth, name: str, clip: Clip) -> dict[str, float]:
    """Return how well the mouth of a video follows the speech, and sharpness and steadiness beside the footage's.

    Args:
        film: mp4 file whose frame i is at second i / fps of the speech.
        truth: ground truth of the speech.
        name: name of the video, for the names of the metrics.
        clip: the footage; a dub begins with its first frame.
    """
    landmarks = film_landmarks(film, truth.fps)
    opening = mouth_open(landmarks)
    made = face_figures(((f.index, f.rgb) for f in read_frames(film, truth.fps)), boxes_of(landmarks), opening)
    own = face_figures(clip.frames(), clip.subjects[0].box, clip.subjects[0].mouth_open)
    beside = {f"{name}/{key}": made[key] / max(own[key], 1e-6) for key in made.keys() & own.keys()}
    beside |= {f"{name}/{key}{OWN}": own[key] for key in made.keys() & own.keys()}
    if name == "dub":
        beside |= {f"{name}/{key}": value for key, value in dub_seam(film, clip).items()}
    return {**_following(opening, truth, name), **beside}


def face_figures(
    frames: Iterable[tuple[int, UInt8[np.ndarray, "H W 3"]]],
    boxes: Float[np.ndarray, "T 4"],
    opening: Float[np.ndarray, "T"],
) -> dict[str, float]:
    """Sharpness, steadiness and mouth of one video: gradient and flicker of the face's box (grey values), and opening.

    Args:
        frames: number and picture of each frame.
        boxes: face box of each frame, px; NaN without a face.
        opening: of the mouth, eye distances; NaN without a face.
    """
    gradients, changes, before = [], [], None
    everywhere = np.ones((SIDE, SIDE), bool)
    for index, rgb in frames:
        if index >= len(boxes) or not np.isfinite(boxes[index]).all():
            before = None
            continue
        face = face_square(rgb, boxes[index], SIDE)
        if face is None:
            continue
        gradients.append(mean_gradient(face, everywhere))
        if before is not None:
            changes.append(float(np.abs(face.astype(np.float32) - before).mean()))
        before = face.astype(np.float32)
    known = opening[np.isfinite(opening)]
    found = {"gradient": gradients, "flicker": changes}
    figures = {key: float(np.mean(values)) for key, values in found.items() if values}
    return figures | ({"opening": float(np.percentile(known, WIDE))} if len(known) else {})


def dub_seam(film: Path, clip: Clip) -> dict[str, float]:
    """Gradient across the border of what a dub changed, relative to the footage's at the same place.

    Args:
        film: dub that begins with the footage's first frame.
        clip: the footage.
    """
    pairs = []
    for frame, (_, source) in zip(read_frames(film, clip.fps), clip.frames(), strict=False):
        # Compression changes all pixels a little; what it changed alone counts as the footage.
        changed = np.abs(frame.rgb.astype(np.int16) - source).max(-1) > CODEC_LOSS
        pairs.append(seam_gradients(np.where(changed[..., None], frame.rgb, source), source, SEAM_WIDTH))
    known = [pair for pair in pairs if np.isfinite(pair).all()]
    if not known:
        return {}
    made, own = np.mean(known, 0)
    return {"seam": float(made / max(own, 1e-6)), f"seam{OWN}": float(own)}


def boxes_of(landmarks: Float[np.ndarray, "T 478 d"]) -> Float[np.ndarray, "T 4"]:
    """Box around the landmarks of each frame, px, as `Subject.box`."""
    return np.concatenate([landmarks[..., :2].min(1), landmarks[..., :2].max(1)], 1)


def _following(opening: Float[np.ndarray, "T"], truth: SpeechTruth, name: str) -> dict[str, float]:
    """How well the mouth follows the speech."""
    n = min(len(opening), len(truth.mouth_open))
    seen = np.isfinite(opening[:n])
    figures = {f"{name}/frames_with_a_face": float(seen.mean())}
    if seen.sum() > 2:
        correlation = np.corrcoef(opening[:n][seen], truth.mouth_open[:n][seen])[0, 1]
        figures[f"{name}/mouth_correlation"] = float(correlation)
    return figures


def film_landmarks(film: Path, fps: float) -> Float[np.ndarray, "T 478 3"]:
    """Return the landmarks of the face in every frame of a video, px; NaN where no face is found."""
    source = open_source(film, PrepareOptions("film", fps))
    with quiet_native():
        tracker = FaceTracker(FaceFinder(), FaceMesh())
        for frame in source.frames(range(source.n_frames)):
            tracker.step(frame.index, frame.rgb)
    people = join_tracks(tracker.tracks, shot_boundaries(np.stack(tracker.signatures)))
    if not people:
        return np.full((source.n_frames, 478, 3), np.nan)
    (number,) = select_subjects([person.presence(source.n_frames) for person in people], "largest")
    return people[number].landmarks(source.n_frames)


def bundle_figures(bundles: dict[str, Path]) -> dict[str, float]:
    """Return the metrics of the stages on held-out frames, and their cost."""
    figures = {}
    for stage, folder in bundles.items():
        measured = Bundle.load(folder, stage).metrics
        figures |= {f"{stage}/{name}": value for name, value in measured.items()}
    return figures
