"""Input of the film benchmarks: a clip and its trained bundles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beavervision.artifacts.bundle import RendererFacts
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import Manifest
from beavervision.audio.waveform import SAMPLE_RATE, Waveform, save_waveform
from beavervision.data.speech_sample import audio_of_frames
from beavervision.inference.avatar import TORSO, Avatar
from beavervision.inference.pipeline import TalkingHeadPipeline
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker
from beavervision.inference.speech import Speech
from beavervision.workflows.upstream import BundleQuery, find_upstream, newest_bundle


@dataclass(frozen=True)
class Cast:
    """One trained person of a clip, and an output folder."""

    runs: Path
    name: str
    experiment: str | None = None

    @cached_property
    def clip(self) -> Clip:
        """The footage."""
        return Clip.load(self.runs / self.name / "clip")

    @cached_property
    def avatar(self) -> Avatar:
        """The newest bundles, selected as in infer."""
        torso = newest_bundle(TORSO, BundleQuery(self.runs, self.name, self.experiment, None, 0))
        frame = None if torso is None else Manifest.read(torso, RendererFacts).facts.frame
        bundles = find_upstream("infer", BundleQuery(self.runs, self.name, self.experiment, frame, 0))
        return Avatar.load(bundles, self.clip.sha256)

    @cached_property
    def folder(self) -> Path:
        """Output folder of the videos."""
        folder = self.runs / self.name / "film_bench"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def maker(self, audio: Path, **settings: Any) -> TalkingHeadPipeline:
        """Pipeline for this person and a speech; `settings` are arguments of `FilmSettings`."""
        return TalkingHeadPipeline([Speaker(self.avatar, Speech.from_file(audio))], FilmSettings(**settings), self.clip)

    def own_sound(self, frames: range) -> Path:
        """Write the sound of the footage during the given frames to a file."""
        path = self.folder / "own.wav"
        save_waveform(path, Waveform(audio_of_frames(self.clip, frames), SAMPLE_RATE))
        return path
