"""Data of audio2motion: random windows for training, whole held-out sequences for validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from torch.utils.data import DataLoader, Dataset

from beavervision.artifacts.manifest import Manifest
from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.vad import detect_voice_activity
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.data.augmentation import RandomAugmentation
from beavervision.data.dataset_stats import split_into_pieces
from beavervision.data.held_out import HeldOutSpeech
from beavervision.data.sampling import ResumableLoader
from beavervision.data.speech_sample import SpeechSample
from beavervision.errors import ConfigError
from beavervision.stages.audio2motion.batch import (
    SpeechMotion,
    as_batch,
    closures,
    collate,
    with_common_rest,
    with_rest_pose,
)
from beavervision.stages.audio2motion.bundle_schema import Audio2MotionFacts
from beavervision.stages.audio2motion.speaking_style import SpeakingStyle
from beavervision.stages.audio2motion.training_stats import compute_training_stats
from beavervision.stages.audio2motion.windows import Windows
from beavervision.stages.dataloaders import step_loader
from beavervision.stages.speech_datamodule import SpeechDataModule

MOTIONS = ("exp", "id_exp")
QUIET_SAMPLES = 4 * SAMPLE_RATE
"""Length of the digital silence of an adaptation."""


class Audio2MotionData(SpeechDataModule):
    """Data of audio2motion, from one clip or a corpus.

    Args:
        clip: folder of the clip, synthetic speech or corpus.
        audio_features: settings of the AudioFeatureExtractor (conf/audio_features).
        upstream: may contain `syncnet`, and `init` when training starts from a bundle's network.
        subject: number of the person in a clip.
        motion: `exp` to predict the expression, `id_exp` to predict identity coefficients as well.
        batch_size: windows per step; more if the speech is shorter than a window.
        window: length of a window, frames.
        augmented_copies: augmented copies of each recording, in addition to the clean one.
        speed: largest relative change of speed of the copies.
        gain_db: largest change of gain of the copies, dB.
        noise_db: highest noise level of the copies, dB relative to the speech.
        amplitude: largest relative change of the mouth motion; the amplitude is an input of the network.
        silence_share: share of windows with room noise and without speech, in which the face is at rest.
        steps_per_epoch: steps per Lightning epoch.
        workers: number of worker processes of the loader.
        seed: seed of all random numbers.
        cache: folder of the feature cache.
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
        augmented_copies: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        amplitude: float = 0.15,
        silence_share: float = 0.05,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
        cache: Path | None = None,
    ) -> None:
        super().__init__(clip, subject, RandomAugmentation(augmented_copies, speed, gain_db, noise_db), cache, seed)
        self._upstream, self._feature_settings = dict(upstream or {}), AudioFeatureExtractor(**audio_features)
        self._motion, self._identity = motion, predicts_identity(motion)
        self._batch_size, self._window = batch_size, window
        self._amplitude, self._silence_share, self._steps, self._workers = (
            amplitude,
            silence_share,
            steps_per_epoch,
            workers,
        )

    def setup(self, stage: str) -> None:
        """Compute features and statistics of the training split; held-out frames are only used for validation."""
        if hasattr(self, "statistics"):
            return
        begun = self._upstream.get("init")
        level = Manifest.read(begun, Audio2MotionFacts).facts.speech_level_db if begun else None
        self.open_speech(self._feature_settings, level)
        self._cache = self.training_samples(with_silence=self._silence_share > 0)
        clean = self._cache.clean
        self.statistics = compute_training_stats(
            clean, clean.speakers, self.face, identity=self._identity, floor=self.features.has_floor
        )
        self.windows = Windows(
            self._cache,
            self._window,
            self._batch_size,
            self.statistics,
            self.face,
            self._amplitude,
            self._seed,
            silence_share=self._silence_share,
            identity=self._identity,
        )
        self.held_out = self.held_out_speech()
        self._validation_items = [self._whole(speech) for speech in self.held_out]

    def dimensions(self) -> dict[str, Any]:
        """Dimensions of sound and motion, name of the face model, and the sync expert and initial bundle if any."""
        folders = {name: self._upstream.get(name) for name in ("syncnet", "init")}
        expert, begun = (None if folder is None else str(folder) for folder in folders.values())
        return {
            "content_dim": len(self.statistics.content_mean),
            "motion_dim": len(self.statistics.motion_mean),
            "basis": self.dataset_stats.basis,
            "sync_expert": expert,
            "init": begun,
            "one_person": self.dataset_stats.one_person,
        }

    def facts(self) -> dict[str, Any]:
        """Facts of every speech stage, and the kind of motion."""
        identity_dim = len(self.face.id_basis) if self._identity else 0
        return {**super().facts(), "motion": self._motion, "identity_dim": identity_dim}

    def train_dataloader(self) -> ResumableLoader:
        """Random windows; a resumed run continues at the step at which it stopped."""
        who = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return step_loader(self.windows.share(*who), self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SpeechMotion]:
        """Held-out speech, one sequence per stretch."""
        return DataLoader(cast("Dataset[SpeechMotion]", self._validation_items), 1, collate_fn=collate)

    def clean_speech(self) -> Iterator[SpeechMotion]:
        """Clean samples of the training split, one whole sample at a time."""
        for sample, speaker in zip(self._cache.clean, self._cache.clean.speakers, strict=True):
            style = self.statistics.styles.get(speaker, self.statistics.default_style)
            yield self._batch(sample, style)

    def silence(self) -> Iterator[SpeechMotion]:
        """Room noise and digital silence, in which the face is at rest."""
        style = self.statistics.default_style
        quiet = [
            sample
            for sample, entry in zip(self._cache, self._cache.entries, strict=True)
            if entry.augmentation.noise_only
        ]
        if quiet:
            dead = self.features.extract(np.zeros(QUIET_SAMPLES, np.float32), self.dataset_stats.fps)
            first = quiet[0].part(range(min(quiet[0].n_frames, dead.n_frames)))
            rows = len(first.pitch)
            quiet.append(replace(first, content=dead.content[:rows], pitch=dead.pitch[:rows]))
        for sample in quiet:
            still = with_rest_pose(sample, style)
            yield as_batch(still, np.zeros(still.n_frames, bool), style, identity=self._identity)

    def anybody_speaks(self) -> bool:
        """Whether the sound of the training split contains speech."""
        recording = self.one_recording()
        pieces = [piece for frames in recording.train_ranges for piece in split_into_pieces(frames, recording.fps)]
        return any(detect_voice_activity(recording.sound(piece)).speech.any() for piece in pieces)

    def _whole(self, speech: HeldOutSpeech) -> SpeechMotion:
        sample = speech.sample(self.features, self.gain_db(speech.recording))
        style = self.statistics.styles.get(speech.recording.speaker, self.statistics.default_style)
        return self._batch(sample, style)

    def _batch(self, sample: SpeechSample, style: SpeakingStyle) -> SpeechMotion:
        """A whole sample, with the rest pose of all speakers."""
        moved = with_common_rest(sample, style, self.statistics.default_style)
        return as_batch(moved, closures(sample, style, self.face), style, identity=self._identity)


def predicts_identity(motion: str) -> bool:
    """Whether identity coefficients are predicted in addition to the expression.

    Raises:
        ConfigError: when `motion` is neither exp nor id_exp.
    """
    if motion not in MOTIONS:
        raise ConfigError(f"datamodule.motion={motion} is unknown; take exp or id_exp.")
    return motion == "id_exp"
