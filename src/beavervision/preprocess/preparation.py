"""The steps of the preparation of one clip, with their inputs and results."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from beavervision.artifacts.clip import AUDIO, PLATE
from beavervision.artifacts.manifest import sha256_file
from beavervision.face.model_registry import load_face_model
from beavervision.face.openness import mouth_open
from beavervision.preprocess import (
    appearance_pass,
    detection_pass,
    ingest,
    labeling_pass,
    person_tracks,
    subject_track,
    track_choice,
)
from beavervision.preprocess.detection_pass import DetectionPass, load_signatures, load_tracks
from beavervision.preprocess.frame_samples import FrameSamples, sample_indices
from beavervision.preprocess.ingest import Source, write_sound
from beavervision.preprocess.labeling_pass import LabelingPass, SubjectKnowledge
from beavervision.preprocess.options import AUTO, PrepareOptions
from beavervision.preprocess.perception_networks import networks_recipe
from beavervision.preprocess.person_tracks import PersonTracks
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.segments import in_segments
from beavervision.preprocess.step_cache import StepCache
from beavervision.preprocess.subject_selection import select_subjects
from beavervision.preprocess.subject_track import SubjectTrack, build_subject_track
from beavervision.preprocess.track_choice import TrackChoice, choose_track, given_track
from beavervision.video.audio_tracks import audio_tracks

SCRATCH = "samples.raw"
APPEARANCE = "appearance_{}.safetensors"


class Preparation:
    """The steps of one clip; each property is the result of a step and is computed on first access."""

    def __init__(self, source: Source, options: PrepareOptions, workspace: StepCache, steps: Steps) -> None:
        self.source, self.options, self._workspace, self._steps = source, options, workspace, steps
        self.size = (source.info.width, source.info.height)

    @cached_property
    def tracks(self) -> TrackChoice:
        """The footage's sound tracks, and the one that is used."""
        source = self.source
        tracks = audio_tracks(source.path)
        if self.options.audio_track != AUTO or len(tracks) < 2:
            return given_track(source, tracks, self.options.audio_track)
        inputs = {**source.recipe, "subjects": [folder.name for folder in self.subject_tracks]}

        def make(part: Path) -> None:
            subjects = [SubjectTrack.load(folder) for folder in self.subject_tracks]
            choose_track(source, tracks, [mouth_open(subject.landmarks) for subject in subjects]).save(part)

        with self._steps.step("sound tracks"):
            return TrackChoice.load(self._workspace.result("tracks", track_choice.VERSION, inputs, make))

    @cached_property
    def sound(self) -> Path:
        """The clip's sound, if any."""
        track = self.tracks.number or 0
        inputs = {**self.source.recipe, "audio_track": track}
        with self._steps.step("sound"):
            return self._workspace.result(
                "sound", ingest.VERSION, inputs, lambda part: write_sound(self.source, part / AUDIO, track)
            )

    @cached_property
    def _faces(self) -> list[Path]:
        """Tracks of all faces and samples of the frames, segment by segment."""
        source = self.source
        kept = tuple(sample_indices(source.n_frames, *self.size).tolist())
        inputs = {**source.recipe, **networks_recipe()}
        return in_segments(
            *(self._workspace, "faces", detection_pass.VERSION, inputs, source.n_frames),
            *(DetectionPass(source, kept), self._steps, self.options.processes),
        )

    @cached_property
    def person_tracks(self) -> PersonTracks:
        """The people of the footage."""
        source, inputs = self.source, {"faces": [folder.name for folder in self._faces]}

        def make(part: Path) -> None:
            person_tracks.gather_tracks(part, load_tracks(self._faces), load_signatures(self._faces), source.path)

        with self._steps.step("people"):
            return PersonTracks.load(self._workspace.result("people", person_tracks.VERSION, inputs, make))

    @cached_property
    def chosen(self) -> list[int]:
        """Numbers of the selected people."""
        return select_subjects(self.person_tracks.people, self.options.subject)

    @cached_property
    def subject_tracks(self) -> list[Path]:
        """The subjects, frame by frame, with the fitted face model; all have the same focal length."""
        folders: list[Path] = []
        options, model = self.options, load_face_model(self.options.basis)
        for number in self.chosen:
            focal = float(SubjectTrack.load(folders[0]).focal[0]) if folders else options.focal
            inputs = {
                **{"people": self.person_tracks.folder.name, "person": number},
                **{"basis": options.basis, "focal": focal, "gap": options.gap},
            }

            def make(part: Path, number: int = number, focal: float | None = focal) -> None:
                build_subject_track(self.person_tracks, number, self.source, model, focal, options.gap).save(part)

            with self._steps.step("face model"):
                folders.append(self._workspace.result("subject_track", subject_track.VERSION, inputs, make))
        return folders

    @property
    def _segmenter(self) -> Path | None:
        """File of the six-class selfie model, if any."""
        named = self.options.segmenter
        return None if named is None else Path(named).expanduser().absolute()

    @cached_property
    def _segmenter_sha256(self) -> str | None:
        """Hash of the model file, independent of its path."""
        return None if self._segmenter is None else sha256_file(self._segmenter)

    @cached_property
    def appearance(self) -> Path:
        """Colours of the subjects, and the background."""
        tracks = [folder.name for folder in self.subject_tracks]
        inputs = {"subject_tracks": tracks, "segmenter": self._segmenter_sha256}

        def make(part: Path) -> None:
            samples = FrameSamples(self._faces, part / SCRATCH)
            subject_tracks = [SubjectTrack.load(folder) for folder in self.subject_tracks]
            appearances, background = appearance_pass.learn_appearance(
                samples, subject_tracks, self._steps, self._segmenter
            )
            for i, appearance in enumerate(appearances):
                appearance.save(part / APPEARANCE.format(i))
            background.save(part)
            samples.discard()

        return self._workspace.result("appearance", appearance_pass.VERSION, inputs, make)

    @cached_property
    def labels(self) -> list[Path]:
        """Label maps and measurements of every frame, segment by segment."""
        subjects = tuple(
            SubjectKnowledge(folder, self.appearance / APPEARANCE.format(i), number)
            for i, (folder, number) in enumerate(zip(self.subject_tracks, self.chosen, strict=True))
        )
        boxes = self.person_tracks.folder / person_tracks.BOXES
        job = LabelingPass(self.source, subjects, boxes, self.appearance / PLATE, self._segmenter)
        inputs = {"appearance": self.appearance.name}
        return in_segments(
            *(self._workspace, "labels", labeling_pass.VERSION, inputs, self.source.n_frames),
            *(job, self._steps, self.options.processes),
        )
