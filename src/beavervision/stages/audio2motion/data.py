"""Feeds audio2motion: windows at random for training, the held-out end whole for validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import Clip
from beavervision.audio.hearing import FeatureSettings
from beavervision.audio.level import speech_level_db
from beavervision.face.providers import load_face_model
from beavervision.stages.audio2motion.statistics import measure
from beavervision.stages.audio2motion.windows import SpeechMotion, Windows, closures, collate, cut
from beavervision.stages.base import StageData
from beavervision.stages.draws import DrawLoader, draw_loader
from beavervision.stages.takes import Disturbance, random_disturbance, record, require_motion, sound_of

CONTEXT = 2.0
"""Seconds of sound before the held-out frames that validation hears."""


class Audio2MotionData(StageData):
    """Feeds audio2motion from one clip.

    Args:
        clip: folder of the Clip.
        audio_features: what is heard (conf/audio_features).
        upstream: `syncnet` when there is one.
        subject: which person of the clip.
        batch_size: windows a step.
        window: frames of a window.
        takes: disturbed copies of the speech beside the clean one.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        amplitude: mouths move up to this share more or less, which the network is told.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
    """

    def __init__(
        self,
        clip: Path,
        audio_features: Mapping[str, Any],
        upstream: Mapping[str, Path] | None = None,
        subject: int = 0,
        batch_size: int = 16,
        window: int = 48,
        takes: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        amplitude: float = 0.15,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self._folder, self._upstream, self._subject = Path(clip), dict(upstream or {}), subject
        self.features = FeatureSettings(**audio_features)
        self._batch_size, self._window, self._takes = batch_size, window, takes
        self._disturb = {"speed": speed, "gain_db": gain_db, "noise_db": noise_db}
        self._amplitude, self._steps = amplitude, steps_per_epoch
        self._workers, self._seed = workers, seed

    def setup(self, stage: str) -> None:
        """Hear and measure the training split; the held-out frames are looked at only to be judged by."""
        if hasattr(self, "statistics"):
            return
        self.clip = Clip.load(self._folder)
        self.face = load_face_model(self.clip.facts["basis"])
        rng = np.random.default_rng(self._seed)
        how = [Disturbance(), *(random_disturbance(rng, **self._disturb) for _ in range(self._takes))]
        takes = [record(self.clip, self.clip.train_range, self.features, self._subject, h) for h in how]
        require_motion(takes[0], self.clip)
        self.statistics = measure(takes[0], self.face)
        self.speech_level_db = speech_level_db(sound_of(self.clip, self.clip.train_range))
        self._train = Windows(takes, self._window, self.statistics, self.face, self._amplitude, self._seed)
        self._held_out = self._validation_item()

    @property
    def subject(self) -> int:
        """Which person of the clip."""
        return self._subject

    @property
    def identity(self) -> Float[np.ndarray, "I"]:
        """Of the person, face model coefficients."""
        return self.clip.subjects[self._subject].identity

    @property
    def expression(self) -> Float[np.ndarray, "T E"]:
        """Of the person in every frame of the clip, face model coefficients; NaN where the face was not seen."""
        return self.clip.subjects[self._subject].expression

    def dimensions(self) -> dict[str, Any]:
        """Widths of sound and motion, the face model's name, and the sync expert if there is one."""
        expert = self._upstream.get("syncnet")
        return {
            "content_dim": len(self.statistics.content_mean),
            "motion_dim": len(self.statistics.motion_mean),
            "basis": self.clip.facts["basis"],
            "sync_expert": str(expert) if expert else None,
        }

    def train_dataloader(self) -> DrawLoader:
        """Random windows; a resumed run goes on with the draw at which it stopped."""
        return draw_loader(self._train, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SpeechMotion]:
        """The held-out end of the clip as one sequence."""
        return DataLoader([self._held_out], 1, collate_fn=collate)

    def _validation_item(self) -> SpeechMotion:
        held_out = self.clip.test_range
        start = max(0, held_out.start - round(CONTEXT * self.clip.fps))
        self.heard = range(start, held_out.stop)
        take = record(self.clip, self.heard, self.features, self._subject)
        take.valid[: held_out.start - start] = False  # heard, but no part of the judgement
        closed = closures(take, self.statistics, self.face)
        projector = np.zeros((len(self.statistics.rest),) * 2, np.float32)
        return cut(take, closed, range(take.n_frames), self.statistics, projector)
