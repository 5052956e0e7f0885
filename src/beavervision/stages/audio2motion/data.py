"""Feeds audio2motion: windows at random for training, what is held out whole for validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from beavervision.artifacts.manifest import Manifest
from beavervision.audio.speech_features import FeatureSettings
from beavervision.data.augmentation import Variety
from beavervision.data.held_out import HeldOut
from beavervision.data.sampling import DrawLoader, step_loader
from beavervision.errors import BeaverError
from beavervision.stages.audio2motion.speech_motion import SpeechMotion, as_batch, closures, collate
from beavervision.stages.audio2motion.statistics import measure
from beavervision.stages.audio2motion.windows import Windows
from beavervision.stages.speech_data import SpeechData

MOTIONS = ("exp", "id_exp")


class Audio2MotionData(SpeechData):
    """Feeds audio2motion from one clip or from a corpus.

    Args:
        clip: folder of the Clip, Talk or Corpus.
        audio_features: what is heard (conf/audio_features).
        upstream: `syncnet` when there is one, `init` when the training begins with a bundle's network.
        subject: which person of a clip.
        motion: `exp` learns the expression, `id_exp` the identity's coefficients before it, too.
        batch_size: windows a step; of speech shorter than a window, more of them.
        window: frames of a window.
        takes: disturbed copies of the speech beside the clean one.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        amplitude: mouths move up to this share more or less, which the network is told.
        quiet: share of windows in which a room is heard and nobody speaks: the face rests.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
        shelf: folder in which takes are kept.
    """

    def __init__(
        self,
        clip: Path,
        audio_features: Mapping[str, Any],
        upstream: Mapping[str, Path] | None = None,
        subject: int = 0,
        motion: str = "exp",
        batch_size: int = 16,
        window: int = 48,
        takes: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        amplitude: float = 0.15,
        quiet: float = 0.05,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
        shelf: Path | None = None,
    ) -> None:
        super().__init__(clip, subject, Variety(takes, speed, gain_db, noise_db), shelf, seed)
        self._upstream, self._wanted = dict(upstream or {}), FeatureSettings(**audio_features)
        self._motion, self._identity = motion, identity_learnt(motion)
        self._batch_size, self._window = batch_size, window
        self._amplitude, self._quiet, self._steps, self._workers = amplitude, quiet, steps_per_epoch, workers

    def setup(self, stage: str) -> None:
        """Hear and measure the training split; the held-out frames are looked at only to be judged by."""
        if hasattr(self, "statistics"):
            return
        begun = self._upstream.get("init")
        level = Manifest.read(begun, "bundle").facts["speech_level_db"] if begun else None
        self.open_speech(self._wanted, level)
        self._shelf = self.learnt_takes(quiet=self._quiet > 0)
        clean = self._shelf.clean
        self.statistics = measure(clean, clean.speakers, self.face, identity=self._identity)
        self.windows = Windows(
            self._shelf,
            self._window,
            self._batch_size,
            self.statistics,
            self.face,
            self._amplitude,
            self._seed,
            quiet=self._quiet,
            identity=self._identity,
        )
        self.held_out = self.held_out_speech()
        self._judged_by = [self._whole(speech) for speech in self.held_out]

    def dimensions(self) -> dict[str, Any]:
        """Widths of sound and motion, the face model's name, the sync expert and the bundle to begin with if any."""
        folders = {name: self._upstream.get(name) for name in ("syncnet", "init")}
        expert, begun = (None if folder is None else str(folder) for folder in folders.values())
        return {
            "content_dim": len(self.statistics.content_mean),
            "motion_dim": len(self.statistics.motion_mean),
            "basis": self.survey.basis,
            "sync_expert": expert,
            "init": begun,
        }

    def facts(self) -> dict[str, Any]:
        """As every stage of speech, and what the motion consists of."""
        identity_dim = len(self.face.id_basis) if self._identity else 0
        return {**super().facts(), "motion": self._motion, "identity_dim": identity_dim}

    def train_dataloader(self) -> DrawLoader:
        """Random windows; a resumed run goes on with the step at which it stopped."""
        who = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return step_loader(self.windows.share(*who), self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SpeechMotion]:
        """What is held out, every stretch one sequence."""
        return DataLoader(self._judged_by, 1, collate_fn=collate)

    def clean_speech(self) -> Iterator[SpeechMotion]:
        """The undisturbed speech of the training split, one whole take at a time."""
        for take, speaker in zip(self._shelf.clean, self._shelf.clean.speakers, strict=True):
            manner = self.statistics.manners.get(speaker, self.statistics.usual)
            yield as_batch(take, closures(take, manner, self.face), manner, identity=self._identity)

    def _whole(self, speech: HeldOut) -> SpeechMotion:
        take = speech.take(self.features, self.gain_db(speech.recording))
        manner = self.statistics.manners.get(speech.recording.speaker, self.statistics.usual)
        return as_batch(take, closures(take, manner, self.face), manner, identity=self._identity)


def identity_learnt(motion: str) -> bool:
    """Whether the identity's coefficients are learnt beside the expression's.

    Raises:
        BeaverError: when `motion` is neither exp nor id_exp.
    """
    if motion not in MOTIONS:
        raise BeaverError(f"datamodule.motion={motion} is unknown; take exp or id_exp.")
    return motion == "id_exp"
