"""prepare: footage to Clip, step by step; what a step found is kept, so that nothing is done twice."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from beavervision.artifacts.clip import AUDIO, LABELS, MATTE, PLATE, Clip, Subject, write_clip
from beavervision.artifacts.manifest import sha256_file
from beavervision.artifacts.store import atomic_folder
from beavervision.audio.waveform import load_waveform
from beavervision.errors import BeaverError
from beavervision.face.camera import Camera
from beavervision.face.openness import eye_open, mouth_open
from beavervision.face.providers import load_face_model
from beavervision.preprocess import crowd, describe, ingest, learn, observe, sitter
from beavervision.preprocess.background import Background
from beavervision.preprocess.body import complete
from beavervision.preprocess.choose import choose
from beavervision.preprocess.crowd import Crowd
from beavervision.preprocess.describe import Describe, Description, Known
from beavervision.preprocess.ingest import Source, open_source, write_sound
from beavervision.preprocess.native import quiet_native
from beavervision.preprocess.observe import Observe, load_signatures, load_tracks
from beavervision.preprocess.occlude import COVERED
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.progress import Steps, shown_steps
from beavervision.preprocess.report.findings import Findings, SubjectFindings
from beavervision.preprocess.report.who import describe_people, telling_frames, who_is_who
from beavervision.preprocess.report.write import write_report
from beavervision.preprocess.samples import FrameSamples, sample_indices
from beavervision.preprocess.segments import in_segments
from beavervision.preprocess.sitter import Sitter, portray
from beavervision.preprocess.workspace import WORKSPACE, Workspace
from beavervision.video.lossless import join_gray

REPORT = "report"
SCRATCH = "samples.raw"
APPEARANCE = "appearance_{}.safetensors"


def prepare(video: Path, folder: Path, options: PrepareOptions) -> Clip:
    """Look at footage frame by frame and write what was found as a Clip, whole or not at all.

    The results of the steps stay in a workspace beside the clip: what was stopped goes on where it was, and other
    settings begin at the first step that they change.

    Args:
        video: footage in any container and codec that FFmpeg reads; only ever read.
        folder: where the Clip goes; replaced when it exists.
        options: which part of the footage, whose face, which face model.

    Raises:
        BeaverError: when the footage cannot be read or shows no face, or the folder cannot be written.
    """
    folder = Path(folder)
    load_face_model(options.basis)
    source = open_source(video, options)
    workspace = Workspace(folder.with_name(WORKSPACE))
    try:
        with shown_steps() as steps, quiet_native():
            Preparation(source, options, workspace, steps).write(folder)
    except BeaverError:
        workspace.discard()
        raise
    workspace.forget_unused()
    return Clip.load(folder)


class Preparation:
    """The steps of one clip; each property is a step's result, made when it is first asked for."""

    def __init__(self, source: Source, options: PrepareOptions, workspace: Workspace, steps: Steps) -> None:
        self._source, self._options, self._workspace, self._steps = source, options, workspace, steps
        self._size = (source.info.width, source.info.height)

    @cached_property
    def _sound(self) -> Path:
        """The clip's sound, if any."""
        with self._steps.step("sound"):
            return self._workspace.result(
                "sound", ingest.VERSION, self._source.recipe, lambda part: write_sound(self._source, part / AUDIO)
            )

    @cached_property
    def _faces(self) -> list[Path]:
        """Tracks of all faces, segment by segment, and samples of the frames."""
        source = self._source
        kept = tuple(sample_indices(source.n_frames, *self._size).tolist())
        return in_segments(
            *(self._workspace, "faces", observe.VERSION, source.recipe, source.n_frames),
            *(Observe(source, kept), self._steps, self._options.processes),
        )

    @cached_property
    def _crowd(self) -> Crowd:
        """Who is who."""
        source, inputs = self._source, {"faces": [folder.name for folder in self._faces]}

        def make(part: Path) -> None:
            crowd.gather(part, load_tracks(self._faces), load_signatures(self._faces), source.path)

        with self._steps.step("people"):
            return Crowd.load(self._workspace.result("people", crowd.VERSION, inputs, make))

    @cached_property
    def _chosen(self) -> list[int]:
        """Numbers of the people whose avatars it will be."""
        return choose(self._crowd.people, self._options.subject)

    @cached_property
    def _sitters(self) -> list[Path]:
        """The subjects, frame by frame, with the face model fitted; all are filmed through one lens."""
        folders: list[Path] = []
        options, model = self._options, load_face_model(self._options.basis)
        for number in self._chosen:
            focal = float(Sitter.load(folders[0]).focal[0]) if folders else options.focal
            inputs = {
                **{"people": self._crowd.folder.name, "person": number},
                **{"basis": options.basis, "focal": focal, "gap": options.gap},
            }

            def make(part: Path, number: int = number, focal: float | None = focal) -> None:
                portray(self._crowd, number, self._source, model, focal, options.gap).save(part)

            with self._steps.step("face model"):
                folders.append(self._workspace.result("sitter", sitter.VERSION, inputs, make))
        return folders

    @property
    def _segmenter(self) -> Path | None:
        """File of the six-class selfie model, if any."""
        named = self._options.segmenter
        return None if named is None else Path(named).expanduser().absolute()

    @cached_property
    def _segmenter_sha256(self) -> str | None:
        """What the model is, wherever it lies."""
        return None if self._segmenter is None else sha256_file(self._segmenter)

    @cached_property
    def _looks(self) -> Path:
        """Colours of the subjects, and the background."""
        inputs = {"sitters": [folder.name for folder in self._sitters], "segmenter": self._segmenter_sha256}

        def make(part: Path) -> None:
            samples = FrameSamples(self._faces, part / SCRATCH)
            sitters = [Sitter.load(folder) for folder in self._sitters]
            appearances, background = learn.learn(samples, sitters, self._steps, self._segmenter)
            for i, appearance in enumerate(appearances):
                appearance.save(part / APPEARANCE.format(i))
            background.save(part)
            samples.discard()

        return self._workspace.result("looks", learn.VERSION, inputs, make)

    @cached_property
    def _described(self) -> list[Path]:
        """Label maps and figures of every frame, segment by segment."""
        subjects = tuple(
            Known(folder, self._looks / APPEARANCE.format(i), number)
            for i, (folder, number) in enumerate(zip(self._sitters, self._chosen, strict=True))
        )
        job = Describe(self._source, subjects, self._crowd.folder / crowd.BOXES, self._looks / PLATE, self._segmenter)
        inputs = {"looks": self._looks.name}
        return in_segments(
            *(self._workspace, "labels", describe.VERSION, inputs, self._source.n_frames),
            *(job, self._steps, self._options.processes),
        )

    def write(self, folder: Path) -> None:
        """Put the Clip together from the steps' results."""
        described, sound = self._described, self._sound
        background = Background.load(self._looks)
        with atomic_folder(folder) as part, self._steps.step("report"):
            for file in (AUDIO, PLATE):
                for place in (sound, self._looks):
                    if (place / file).exists():
                        (part / file).write_bytes((place / file).read_bytes())
            sitters = [Sitter.load(place) for place in self._sitters]
            subjects = []
            for i, one in enumerate(sitters):
                for film in (LABELS.format(i), MATTE.format(i)):
                    pieces = [place / film for place in described]
                    if all(piece.exists() for piece in pieces):
                        join_gray(pieces, part / film)
                subjects.append(_subject(one, Description.load(described, i)))
            report = self._report(part, subjects, sitters, background)
            footage = {"video": {"path": str(self._source.path), "sha256": self._source.sha256}}
            write_clip(part, self._facts(sitters[0], background, report), self._source.times, subjects, footage)

    def _report(
        self, part: Path, subjects: list[Subject], sitters: list[Sitter], background: Background
    ) -> dict[str, Any]:
        """Write the report into the clip that lies in `part` and return its facts."""
        found = [Description.load(self._described, i) for i in range(len(subjects))]
        findings = Findings(
            name=self._options.name,
            source=self._source,
            model=load_face_model(self._options.basis),
            camera=Camera.centred(*self._size, float(sitters[0].focal[0])),
            background=background,
            subjects=[
                SubjectFindings(
                    person=self._called(self._chosen[i]),
                    subject=subject,
                    error_px=sitters[i].error_px,
                    light=found[i].light,
                    sharpness=found[i].sharpness,
                    labels=part / LABELS.format(i),
                    matte=part / MATTE.format(i) if (part / MATTE.format(i)).exists() else None,
                )
                for i, subject in enumerate(subjects)
            ],
            sound=load_waveform(part / AUDIO) if (part / AUDIO).exists() else None,
            people=self._crowd.facts,
            cuts=self._crowd.cuts.firsts.tolist(),
            who=self._who() if len(self._crowd.facts) > 1 else None,
            lines=self._lines,
        )
        return write_report(part / REPORT, findings)

    @cached_property
    def _lines(self) -> list[str]:
        """Who is who, a line each."""
        return describe_people(self._crowd.people, self._chosen, self._source.fps)

    def _called(self, number: int) -> str:
        """Number and name of a person; nothing where there is only one."""
        if len(self._crowd.facts) == 1:
            return ""
        name = self._crowd.facts[number]["name"]
        return f"{number}" if name == f"person {number}" else f"{number} ({name})"

    def _who(self) -> Image.Image:
        """Picture of who is who."""
        people, source = self._crowd.people, self._source
        shown = {i: next(iter(source.frames(range(i, i + 1)))).rgb for i in telling_frames(people)}
        return who_is_who(shown, people, self._chosen, source.fps, self._crowd.cuts.firsts.tolist())

    def _facts(self, sitter: Sitter, background: Background, report: dict[str, Any]) -> dict[str, Any]:
        """The clip's facts; `frames` and `Camera` are rebuilt from them."""
        options, source = self._options, self._source
        people = [
            {
                **{**facts, "line": line},
                "subject": self._chosen.index(facts["number"]) if facts["number"] in self._chosen else None,
            }
            for facts, line in zip(self._crowd.facts, self._lines, strict=True)
        ]
        return {
            "name": options.name,
            "video": str(source.path),
            "width": self._size[0],
            "height": self._size[1],
            "fps": options.fps,
            "n_frames": source.n_frames,
            "start": options.start,
            "end": options.end,
            "focal": float(sitter.focal[0]),
            "basis": options.basis,
            "subject": options.subject,
            "people": people,
            "has_audio": source.info.audio_start is not None,
            "background": "moving" if background.moving else "still",
            "report": report,
        }


def _subject(sitter: Sitter, found: Description) -> Subject:
    """The subject's arrays; rows of invisible frames become NaN."""
    visible = np.asarray(sitter.visible)
    seen = np.where(visible[:, None, None], sitter.landmarks, np.nan).astype(np.float32)
    return Subject(
        visible=visible,
        reason=sitter.reason,
        box=sitter.box,
        landmarks=seen,
        rotation=sitter.rotation,
        translation=sitter.translation,
        identity=sitter.identity,
        expression=sitter.expression,
        eye_open=eye_open(seen),
        mouth_open=mouth_open(seen),
        body=complete(found.shoulders, found.motion, seen, visible).astype(np.float32),
        occluded=visible & (np.nan_to_num(found.covered) >= COVERED),
        covered=found.covered.astype(np.float32),
        interpolated=sitter.interpolated,
    )
