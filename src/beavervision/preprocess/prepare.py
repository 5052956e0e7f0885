"""prepare: footage to Clip, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image

from beavervision.artifacts.clip import AUDIO, LABELS, PLATE, Clip, Subject, write_clip
from beavervision.artifacts.store import atomic_folder
from beavervision.face.fit import Fit
from beavervision.face.model import FaceModel
from beavervision.face.openness import eye_open, mouth_open
from beavervision.face.providers import load_face_model
from beavervision.preprocess.background import Background
from beavervision.preprocess.body import complete
from beavervision.preprocess.describe import Description, describe
from beavervision.preprocess.fit import fit_subject, project68
from beavervision.preprocess.ingest import Source, open_source, write_sound
from beavervision.preprocess.learn import learn
from beavervision.preprocess.native import quiet_native
from beavervision.preprocess.observe import observe
from beavervision.preprocess.occlude import COVERED
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.people import Person, join, largest
from beavervision.preprocess.progress import Steps, shown_steps
from beavervision.preprocess.report.sheet import ContactSheet
from beavervision.preprocess.report.write import write_report
from beavervision.preprocess.steady import steady
from beavervision.preprocess.track import landmark_box
from beavervision.preprocess.visibility import judge

REPORT = "report"


def prepare(video: Path, folder: Path, options: PrepareOptions) -> Clip:
    """Look at footage frame by frame and write what was found as a Clip, whole or not at all.

    Args:
        video: footage in any container and codec that FFmpeg reads; only ever read.
        folder: where the Clip goes; replaced when it exists.
        options: which part of the footage, which face, which face model.

    Raises:
        BeaverError: when the footage cannot be read or shows no face, or the folder cannot be written.
    """
    model = load_face_model(options.basis)
    source = open_source(video, options)
    with atomic_folder(Path(folder)) as part, shown_steps() as steps, quiet_native():
        _prepare(source, part, options, model, steps)
    return Clip.load(Path(folder))


def _prepare(source: Source, part: Path, options: PrepareOptions, model: FaceModel, steps: Steps) -> None:
    """Every step, into `part`."""
    with steps.step("sound"):
        sound = write_sound(source, part / AUDIO)
    size = (source.info.width, source.info.height)

    tracks, samples = observe(source, part, steps)
    people = join(tracks)
    chosen = largest(people, source.path)
    landmarks = chosen.landmarks(source.n_frames)
    visible, reason = judge(landmarks, *size)
    landmarks = steady(landmarks, visible)
    with steps.step("face model"):
        fit = fit_subject(model, landmarks, visible, size, options.focal)

    appearance, background = learn(samples, landmarks, visible, steps)
    samples.discard()
    if not background.moving:
        Image.fromarray(background.plate).save(part / PLATE)

    sheet = ContactSheet(source.n_frames, project68(model, fit, size))
    boxes = _boxes(chosen, people, source.n_frames)
    found = describe(source, landmarks, visible, boxes, appearance, part / LABELS, sheet, steps)
    with steps.step("report"):
        subject = _subject(landmarks, visible, reason, fit, found)
        report = write_report(
            part / REPORT, options.name, source, subject, fit, found, background, sound, len(people), sheet
        )
        facts = _facts(source, options, fit, background, report)
        footage = {"video": {"path": str(source.path), "sha256": source.sha256}}
        write_clip(part, facts, source.times, [subject], footage)


def _boxes(chosen: Person, people: list[Person], n_frames: int) -> Float[np.ndarray, "P T 4"]:
    """Face boxes of everybody, the chosen one first; NaN where not seen."""
    ordered = [chosen, *(person for person in people if person is not chosen)]
    return np.stack([landmark_box(person.landmarks(n_frames)) for person in ordered])


def _subject(
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    reason: Int[np.ndarray, "T"],
    fit: Fit,
    found: Description,
) -> Subject:
    """The subject's arrays; rows of invisible frames become NaN."""
    seen = np.where(visible[:, None, None], landmarks, np.nan).astype(np.float32)
    return Subject(
        visible=visible,
        reason=reason,
        box=landmark_box(seen),
        landmarks=seen,
        rotation=fit.rotation.astype(np.float32),
        translation=fit.translation.astype(np.float32),
        identity=fit.identity.astype(np.float32),
        expression=fit.expression.astype(np.float32),
        eye_open=eye_open(seen),
        mouth_open=mouth_open(seen),
        body=complete(found.shoulders, seen, visible).astype(np.float32),
        occluded=visible & (np.nan_to_num(found.covered) >= COVERED),
    )


def _facts(
    source: Source, options: PrepareOptions, fit: Fit, background: Background, report: dict[str, Any]
) -> dict[str, Any]:
    """The clip's facts; `frames` and `Camera` are rebuilt from them."""
    return {
        "name": options.name,
        "video": str(source.path),
        "width": source.info.width,
        "height": source.info.height,
        "fps": options.fps,
        "n_frames": source.n_frames,
        "start": options.start,
        "end": options.end,
        "focal": float(fit.focal),
        "basis": options.basis,
        "subject": options.subject,
        "has_audio": source.info.audio_start is not None,
        "background": "moving" if background.moving else "still",
        "report": report,
    }
