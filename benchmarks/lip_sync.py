"""Lip sync of videos: offset and confidence of our sync expert, LSE-D and LSE-C.

    python benchmarks/lip_sync.py talk.mp4 dub.mp4 --expert <syncnet bundle> --weights syncnet_v2.model

LSE needs the weights of the public SyncNet, which its authors offer for download. Without --weights, only our expert is
used.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from beavervision.artifacts.motion import Motion
from beavervision.audio.waveform import load_waveform
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.lse import lip_sync_error
from beavervision.metrics.lse_crops import face_crops
from beavervision.metrics.syncnet_v2 import SyncNetV2
from beavervision.preprocess.face_detection import FaceFinder
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_track import landmark_box
from beavervision.preprocess.face_tracker import FaceTracker
from beavervision.preprocess.fit import fit_subject
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

FPS = 25.0
"""Frame rate of both experts."""


def main() -> None:
    """Print one row per video."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("films", type=Path, nargs="+")
    options.add_argument("--expert", type=Path, help="bundle of syncnet")
    options.add_argument("--weights", type=Path, help="syncnet_v2.model of the public SyncNet")
    given = options.parse_args()
    torch.set_num_threads(1)
    expert = SyncExpert.from_bundle(given.expert) if given.expert else None
    public = SyncNetV2.from_file(given.weights) if given.weights else None
    for film in given.films:
        print(f"| {film.name} | {' | '.join(measured(film, expert, public))} |", flush=True)


def measured(film: Path, expert: SyncExpert | None, public: SyncNetV2 | None) -> Iterator[str]:
    """Metrics of one video, for the face that is visible longest."""
    landmarks, seen = followed(film)
    samples = load_waveform(film).samples
    if expert is not None:
        info = probe(film)
        fit = fit_subject(load_face_model(expert.basis), landmarks, seen, (info.width, info.height), None)
        verdict = expert.judge(Motion(filled(fit.expression, seen), FPS, expert.basis), samples)
        yield f"offset {int(verdict.offset)}, confidence {float(verdict.confidence):.3f}"
    if public is not None:
        boxes = filled(landmark_box(landmarks), seen)
        found = lip_sync_error(public, face_crops(pictures(film), boxes), samples)
        yield f"LSE-D {float(found.distance):.2f}, LSE-C {float(found.confidence):.2f}, offset {int(found.offset)}"


def followed(film: Path) -> tuple[Float[np.ndarray, "T 478 3"], Bool[np.ndarray, "T"]]:
    """Landmarks of the face that is visible in most frames (NaN where not visible), and its visibility.

    Raises:
        BeaverError: when no face is found.
    """
    finder, mesh = FaceFinder(), FaceMesh()
    tracker, tracks, frames = FaceTracker(finder, mesh), {}, 0
    for index, picture in enumerate(pictures(film)):
        tracks |= {id(track): track for track in tracker.step(index, picture)}
        frames = index + 1
    finder.close()
    mesh.close()
    if not tracks:
        raise BeaverError(f"{film} shows no face; give a film of a talking person.")
    longest = max(tracks.values(), key=lambda track: len(track.landmarks))
    landmarks = np.full((frames, 478, 3), np.nan)
    landmarks[longest.first : longest.stop] = np.stack(longest.landmarks)
    return landmarks, np.isfinite(landmarks).all((1, 2))


def pictures(film: Path) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Frames of the video at FPS."""
    return (frame.rgb for frame in read_frames(film, FPS))


def filled(values: Float[np.ndarray, "T n"], seen: Bool[np.ndarray, "T"]) -> Float[np.ndarray, "T n"]:
    """Interpolate missing rows over time."""
    place = np.arange(len(values))
    return np.column_stack([np.interp(place, place[seen], column[seen]) for column in values.T]).astype(np.float32)


if __name__ == "__main__":
    main()
