"""The steps of one clip's preparation, each with what it needs and what it leaves."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from beavervision.artifacts.clip import AUDIO, PLATE
from beavervision.artifacts.manifest import sha256_file
from beavervision.face.model_registry import load_face_model
from beavervision.preprocess import crowd, describe, ingest, learn, observe, sitter
from beavervision.preprocess.choose import choose
from beavervision.preprocess.crowd import Crowd
from beavervision.preprocess.describe import Describe, Known
from beavervision.preprocess.ingest import Source, write_sound
from beavervision.preprocess.observe import Observe, load_signatures, load_tracks
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.samples import FrameSamples, sample_indices
from beavervision.preprocess.segments import in_segments
from beavervision.preprocess.sitter import Sitter, portray
from beavervision.preprocess.workspace import Workspace

SCRATCH = "samples.raw"
APPEARANCE = "appearance_{}.safetensors"


class Preparation:
    """The steps of one clip; each property is a step's result, made when it is first asked for."""

    def __init__(self, source: Source, options: PrepareOptions, workspace: Workspace, steps: Steps) -> None:
        self.source, self.options, self._workspace, self._steps = source, options, workspace, steps
        self.size = (source.info.width, source.info.height)

    @cached_property
    def sound(self) -> Path:
        """The clip's sound, if any."""
        with self._steps.step("sound"):
            return self._workspace.result(
                "sound", ingest.VERSION, self.source.recipe, lambda part: write_sound(self.source, part / AUDIO)
            )

    @cached_property
    def _faces(self) -> list[Path]:
        """Tracks of all faces, segment by segment, and samples of the frames."""
        source = self.source
        kept = tuple(sample_indices(source.n_frames, *self.size).tolist())
        return in_segments(
            *(self._workspace, "faces", observe.VERSION, source.recipe, source.n_frames),
            *(Observe(source, kept), self._steps, self.options.processes),
        )

    @cached_property
    def crowd(self) -> Crowd:
        """Who is who."""
        source, inputs = self.source, {"faces": [folder.name for folder in self._faces]}

        def make(part: Path) -> None:
            crowd.gather(part, load_tracks(self._faces), load_signatures(self._faces), source.path)

        with self._steps.step("people"):
            return Crowd.load(self._workspace.result("people", crowd.VERSION, inputs, make))

    @cached_property
    def chosen(self) -> list[int]:
        """Numbers of the people whose avatars it will be."""
        return choose(self.crowd.people, self.options.subject)

    @cached_property
    def sitters(self) -> list[Path]:
        """The subjects, frame by frame, with the face model fitted; all are filmed through one lens."""
        folders: list[Path] = []
        options, model = self.options, load_face_model(self.options.basis)
        for number in self.chosen:
            focal = float(Sitter.load(folders[0]).focal[0]) if folders else options.focal
            inputs = {
                **{"people": self.crowd.folder.name, "person": number},
                **{"basis": options.basis, "focal": focal, "gap": options.gap},
            }

            def make(part: Path, number: int = number, focal: float | None = focal) -> None:
                portray(self.crowd, number, self.source, model, focal, options.gap).save(part)

            with self._steps.step("face model"):
                folders.append(self._workspace.result("sitter", sitter.VERSION, inputs, make))
        return folders

    @property
    def _segmenter(self) -> Path | None:
        """File of the six-class selfie model, if any."""
        named = self.options.segmenter
        return None if named is None else Path(named).expanduser().absolute()

    @cached_property
    def _segmenter_sha256(self) -> str | None:
        """What the model is, wherever it lies."""
        return None if self._segmenter is None else sha256_file(self._segmenter)

    @cached_property
    def looks(self) -> Path:
        """Colours of the subjects, and the background."""
        inputs = {"sitters": [folder.name for folder in self.sitters], "segmenter": self._segmenter_sha256}

        def make(part: Path) -> None:
            samples = FrameSamples(self._faces, part / SCRATCH)
            sitters = [Sitter.load(folder) for folder in self.sitters]
            appearances, background = learn.learn(samples, sitters, self._steps, self._segmenter)
            for i, appearance in enumerate(appearances):
                appearance.save(part / APPEARANCE.format(i))
            background.save(part)
            samples.discard()

        return self._workspace.result("looks", learn.VERSION, inputs, make)

    @cached_property
    def described(self) -> list[Path]:
        """Label maps and figures of every frame, segment by segment."""
        subjects = tuple(
            Known(folder, self.looks / APPEARANCE.format(i), number)
            for i, (folder, number) in enumerate(zip(self.sitters, self.chosen, strict=True))
        )
        job = Describe(self.source, subjects, self.crowd.folder / crowd.BOXES, self.looks / PLATE, self._segmenter)
        inputs = {"looks": self.looks.name}
        return in_segments(
            *(self._workspace, "labels", describe.VERSION, inputs, self.source.n_frames),
            *(job, self._steps, self.options.processes),
        )
