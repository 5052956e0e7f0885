"""Assembles the Clip and its report from the results of the preparation steps."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from beavervision.artifacts.clip import AUDIO, LABELS, MATTE, PLATE, Subject, write_clip
from beavervision.audio.waveform import load_waveform
from beavervision.face.camera import Camera
from beavervision.face.model_registry import load_face_model
from beavervision.face.openness import eye_open, mouth_open
from beavervision.preprocess.background import Background
from beavervision.preprocess.body import complete_body_points
from beavervision.preprocess.labeling_pass import FrameLabels
from beavervision.preprocess.occlusion import COVERED
from beavervision.preprocess.preparation import Preparation
from beavervision.preprocess.report.report_input import Findings, SubjectFindings
from beavervision.preprocess.report.subjects_panel import describe_people, telling_frames, who_is_who
from beavervision.preprocess.report.write import write_report
from beavervision.preprocess.subject_track import SubjectTrack
from beavervision.video.lossless import join_gray

REPORT = "report"


def assemble(made: Preparation, part: Path) -> None:
    """Write the Clip into `part`, the manifest last."""
    background = Background.load(made.appearance)
    for source in (made.sound / AUDIO, made.appearance / PLATE):
        if source.exists():
            shutil.copyfile(source, part / source.name)
    subject_tracks = [SubjectTrack.load(folder) for folder in made.subject_tracks]
    found = [FrameLabels.load(made.labels, i) for i in range(len(subject_tracks))]
    for i in range(len(subject_tracks)):
        for film in (LABELS.format(i), MATTE.format(i)):
            join_gray([folder / film for folder in made.labels], part / film)
    subjects = [_subject(*pair) for pair in zip(subject_tracks, found, strict=True)]
    lines = describe_people(made.person_tracks.people, made.chosen, made.source.fps)
    findings = Findings(
        name=made.options.name,
        speaker=made.options.speaker,
        source=made.source,
        model=load_face_model(made.options.basis),
        camera=Camera.centred(*made.size, float(subject_tracks[0].focal[0])),
        background=background,
        subjects=[
            _findings(made, part, i, *trio) for i, trio in enumerate(zip(subjects, subject_tracks, found, strict=True))
        ],
        sound=load_waveform(part / AUDIO) if (part / AUDIO).exists() else None,
        people=made.person_tracks.facts,
        cuts=made.person_tracks.cuts.firsts.tolist(),
        who=_who(made) if len(made.person_tracks.facts) > 1 else None,
        lines=lines,
        tracks=made.tracks.to_json(),
    )
    facts = {
        **_facts(made, lines),
        "focal": float(subject_tracks[0].focal[0]),
        "background": "moving" if background.moving else "still",
        "report": write_report(part / REPORT, findings),
    }
    footage = {"video": {"path": str(made.source.path), "sha256": made.source.sha256}}
    write_clip(part, facts, made.source.times, subjects, footage)


def _subject(subject_track: SubjectTrack, found: FrameLabels) -> Subject:
    """The subject's arrays; the landmarks are mapped from disk, not copied."""
    visible, seen = np.asarray(subject_track.visible), subject_track.landmarks
    return Subject(
        visible=visible,
        reason=subject_track.reason,
        box=subject_track.box,
        landmarks=seen,
        rotation=subject_track.rotation,
        translation=subject_track.translation,
        identity=subject_track.identity,
        expression=subject_track.expression,
        eye_open=eye_open(seen),
        mouth_open=mouth_open(seen),
        body=complete_body_points(found.shoulders, found.motion, seen, visible).astype(np.float32),
        occluded=visible & (np.nan_to_num(found.covered) >= COVERED),
        covered=found.covered.astype(np.float32),
        interpolated=subject_track.interpolated,
    )


def _findings(
    made: Preparation, part: Path, i: int, subject: Subject, subject_track: SubjectTrack, found: FrameLabels
) -> SubjectFindings:
    """Input of the report about subject `i`, whose videos are in `part`."""
    return SubjectFindings(
        person=_called(made, made.chosen[i]),
        subject=subject,
        error_px=subject_track.error_px,
        light=found.light,
        sharpness=found.sharpness,
        labels=part / LABELS.format(i),
        matte=part / MATTE.format(i),
    )


def _called(made: Preparation, number: int) -> str:
    """Number and name of a person; empty where there is only one."""
    if len(made.person_tracks.facts) == 1:
        return ""
    name = made.person_tracks.facts[number]["name"]
    return f"{number}" if name == f"person {number}" else f"{number} ({name})"


def _who(made: Preparation) -> Image.Image:
    """Image of the subjects panel."""
    people, source = made.person_tracks.people, made.source
    shown = {i: next(iter(source.frames(range(i, i + 1)))).rgb for i in telling_frames(people)}
    return who_is_who(shown, people, made.chosen, source.fps, made.person_tracks.cuts.firsts.tolist())


def _facts(made: Preparation, lines: Sequence[str]) -> dict[str, Any]:
    """The clip's facts that do not depend on the subjects' arrays, and the people in it."""
    options, source, chosen = made.options, made.source, made.chosen
    people = [
        {**facts, "line": line, "subject": chosen.index(facts["number"]) if facts["number"] in chosen else None}
        for facts, line in zip(made.person_tracks.facts, lines, strict=True)
    ]
    return {
        "name": options.name,
        "video": str(source.path),
        "width": made.size[0],
        "height": made.size[1],
        "fps": options.fps,
        "n_frames": source.n_frames,
        "start": options.start,
        "end": options.end,
        "turn": source.correction.turn,
        "fields": source.correction.fields,
        "basis": options.basis,
        "subject": options.subject,
        "speaker": options.speaker,
        "people": people,
        "has_audio": made.tracks.number is not None,
    }
