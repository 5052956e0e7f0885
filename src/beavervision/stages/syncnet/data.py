"""Data of syncnet: positive and negative pairs for training, whole held-out sequences for validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from torch.utils.data import DataLoader, Dataset

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.data.augmentation import RandomAugmentation
from beavervision.data.feature_cache import FeatureCache
from beavervision.data.running_mean_std import RunningMeanStd
from beavervision.data.sampling import ResumableLoader
from beavervision.errors import FootageError
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.dataloaders import resumable_loader
from beavervision.stages.lip_landmarks import lip_shape_of
from beavervision.stages.speech_datamodule import SpeechDataModule
from beavervision.stages.syncnet.network import WINDOW
from beavervision.stages.syncnet.pairs import (
    SHIFT_FRAMES,
    MotionNoise,
    NegativeSampling,
    Pairs,
    SyncPairs,
    collate,
    whole,
    window_starts,
)

MIN_STD = 1.0e-3
MIN_SCALE_SHARE = 0.25
"""Smallest scale of a lip coordinate relative to the usual one, for coordinates that hardly move in synthetic
speech."""


class SyncNetData(SpeechDataModule):
    """Data of syncnet, from one clip or a corpus.

    Args:
        clip: folder of the clip, synthetic speech or corpus.
        audio_features: settings of the AudioFeatureExtractor (conf/audio_features).
        subject: number of the person in a clip.
        batch_size: pairs per step.
        augmented_copies: augmented copies of each recording, in addition to the clean one.
        speed: largest relative change of speed of the copies.
        gain_db: largest change of gain of the copies, dB.
        noise_db: highest noise level of the copies, dB relative to the speech.
        scale: largest relative change of the lip motion.
        offset: standard deviation of a constant added to a window's expression coefficients, like another rest pose.
        jitter: standard deviation of the noise added to each frame's coefficients, like a tracker's errors.
        other_speaker: share of the negative pairs with the sound of another speaker.
        shift: share of the negative pairs with sound shifted by a few frames; the others come from another time.
        steps_per_epoch: steps per Lightning epoch.
        workers: number of worker processes of the loader.
        seed: seed of all random numbers.
        cache: folder of the feature cache.
    """

    def __init__(
        self,
        clip: Path,
        audio_features: Mapping[str, Any],
        subject: int = 0,
        batch_size: int = 64,
        augmented_copies: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        scale: float = 0.3,
        offset: float = 0.3,
        jitter: float = 0.1,
        other_speaker: float = 0.25,
        shift: float = 0.5,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
        cache: Path | None = None,
    ) -> None:
        super().__init__(clip, subject, RandomAugmentation(augmented_copies, speed, gain_db, noise_db), cache, seed)
        self._feature_settings, self._negatives = (
            AudioFeatureExtractor(**audio_features),
            NegativeSampling(other_speaker, shift),
        )
        self._motion_noise = MotionNoise(scale, offset, jitter)
        self._batch_size, self._steps, self._workers = batch_size, steps_per_epoch, workers

    def setup(self, stage: str) -> None:
        """Compute features and statistics of the training split; held-out frames are only used for validation.

        Raises:
            FootageError: when no sample is long enough for negative pairs.
        """
        if hasattr(self, "statistics"):
            return
        self.open_speech(self._feature_settings)
        samples = self.training_samples()
        cache = samples.part(
            i for i, entry in enumerate(samples.entries) if entry.n_frames >= 2 * SHIFT_FRAMES[1] + WINDOW
        )
        if not any(len(window_starts(sample.valid)) for sample in cache):
            raise FootageError(
                f"{self.dataset_stats.name} is too short for syncnet; give at least two seconds of speech with a "
                "clear face."
            )
        self.statistics = _statistics(cache.clean if len(cache.clean) else cache, self.face)
        self.pairs = Pairs(cache, self.face, self._negatives, self._motion_noise, self._seed)
        self.held_out = self.held_out_speech(context=0.0)
        scored_frames = (speech.sample(self.features, self.gain_db(speech.recording)) for speech in self.held_out)
        self._validation_items = [whole(sample, self.face) for sample in scored_frames]

    def dimensions(self) -> dict[str, Any]:
        """Dimension of the audio feature."""
        return {"content_dim": len(self.statistics["content_mean"])}

    def train_dataloader(self) -> ResumableLoader:
        """Random pairs; a resumed run continues at the draw at which it stopped."""
        return resumable_loader(self.pairs, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SyncPairs]:
        """Held-out speech, one sequence per stretch."""
        return DataLoader(cast("Dataset[SyncPairs]", self._validation_items), 1, collate_fn=collate)


def _statistics(cache: FeatureCache, face: FaceModel) -> dict[str, np.ndarray]:
    """Mean and standard deviation of sound and lips over the training split."""
    content, lips = RunningMeanStd(), RunningMeanStd()
    for sample in cache:
        content.add(sample.content)
        lips.add(lip_shape_of(face, sample.expression[sample.valid]))
    return {
        "content_mean": content.mean,
        "content_std": np.maximum(content.std, MIN_STD),
        "lips_mean": lips.mean,
        "lips_std": np.maximum(lips.std, max(MIN_STD, MIN_SCALE_SHARE * float(np.sqrt(np.square(lips.std).mean())))),
    }
