"""Data of postnet: audio2motion's prediction for the person's speech, and the tracked motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from beavervision.artifacts.clip import TEST_SHARE
from beavervision.audio.features import AudioFeatures
from beavervision.data.augmentation import AudioAugmentation, RandomAugmentation
from beavervision.data.feature_cache import FeatureCache
from beavervision.data.sampling import ResumableLoader
from beavervision.errors import BundleError
from beavervision.nerf.condition_normalizer import ConditionNormalizer
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.dataloaders import resumable_loader
from beavervision.stages.postnet.batch import RandomCrops, RefinementBatch, collate, frame_pitch
from beavervision.stages.speech_datamodule import SpeechDataModule


class PostNetData(SpeechDataModule):
    """Data of postnet, from one clip and its audio2motion bundle.

    The training split is divided again: its last 1/11 selects the checkpoint. The held-out split of the clip is only
    used for the metrics in the bundle.

    Args:
        clip: folder of the Clip.
        upstream: contains `audio2motion`, and optionally `syncnet`.
        subject: number of the person in the clip.
        batch_size: windows per step.
        window: length of a window, frames.
        augmented_copies: augmented copies of each recording, in addition to the clean one; each is predicted
            separately.
        speed: largest relative change of speed of the copies.
        gain_db: largest change of gain of the copies, dB.
        noise_db: highest noise level of the copies, dB relative to the speech.
        steps_per_epoch: steps per Lightning epoch.
        workers: number of worker processes of the loader.
        seed: seed of all random numbers.
        cache: folder of the feature cache.
    """

    def __init__(
        self,
        clip: Path,
        upstream: Mapping[str, Path] | None = None,
        subject: int = 0,
        batch_size: int = 16,
        window: int = 48,
        augmented_copies: int = 6,
        speed: float = 0.15,
        gain_db: float = 8.0,
        noise_db: float = -5.0,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
        cache: Path | None = None,
    ) -> None:
        super().__init__(clip, subject, RandomAugmentation(augmented_copies, speed, gain_db, noise_db), cache, seed)
        self._upstream = dict(upstream or {})
        self._batch_size, self._window, self._steps, self._workers = batch_size, window, steps_per_epoch, workers

    @property
    def subject(self) -> int:
        """Number of the person in the clip."""
        return self._subject

    def setup(self, stage: str) -> None:
        """Predict the motion of the training split and compute its statistics."""
        if hasattr(self, "scale"):
            return
        self.recording = self.one_recording()
        self._predictor = self._load_predictor()
        self.open_speech(self._predictor.features)
        self._require_same_speech(self._predictor)
        self.identity = self.recording.identity
        still = np.zeros(len(self.face.exp_basis))
        self.identity_condition = self.face.condition68(self.identity, still).astype(np.float32)
        self._cache = FeatureCache(self._cache_folder, self.features)
        frames = self.recording.train_ranges[0]
        training_frames, self.selection_frames = _split_for_selection(frames)
        augmentations = self._augmentation.draw(np.random.default_rng(self._seed))
        samples = self._record(training_frames, augmentations)
        clean = self._record(frames, [AudioAugmentation()])[0]
        own = clean.truth[clean.known].numpy().reshape(-1, 68, 3)
        self.scale, self.database = ConditionNormalizer.from_training_frames(own), own
        earlier = int(clean.known[0, : len(training_frames)].sum())
        self.selection_database = own[:earlier] if earlier else own
        self._train = RandomCrops(samples, self._window, self._seed)
        self._selection = self._record(self.selection_frames, augmentations)

    def _load_predictor(self) -> AudioToMotion:
        if "audio2motion" not in self._upstream:
            raise BundleError(
                f"postnet refines what audio2motion predicts; train model=audio2motion on {self.recording.name} first."
            )
        return AudioToMotion.from_bundle(self._upstream["audio2motion"])

    def _require_same_speech(self, predictor: AudioToMotion) -> None:
        about = self.dataset_stats
        if (predictor.fps, predictor.basis) != (about.fps, about.basis):
            raise BundleError(
                f"{self._upstream['audio2motion']} speaks {predictor.basis} at {predictor.fps} fps, {about.name} "
                f"{about.basis} at {about.fps}; train model=audio2motion on this clip again."
            )

    @property
    def selection(self) -> list[RefinementBatch]:
        """Speech of the selection frames, clean and augmented."""
        return self._selection

    @property
    def clean_selection(self) -> RefinementBatch:
        """Clean speech of the selection frames."""
        return self._selection[0]

    def held_out(self) -> RefinementBatch:
        """Held-out split of the clip, for metrics only."""
        return self._record(self.recording.held_out_ranges[0], [AudioAugmentation()])[0]

    def _record(self, frames: range, augmentations: Sequence[AudioAugmentation]) -> list[RefinementBatch]:
        """Predicted and true conditions of `frames`, for each augmentation; nothing outside them is read."""
        return [self._refinement(index) for index in self._cache.add(self.recording, frames, augmentations)]

    def _refinement(self, index: int) -> RefinementBatch:
        sample = self._cache[index]
        # Copies: memory-mapped data must not be written to.
        motion = self._predictor.move(
            AudioFeatures(np.array(sample.content), np.array(sample.pitch)), blink=sample.blink
        )
        predicted, truth = (self._condition(e) for e in (motion.expression, sample.expression))
        return RefinementBatch(
            predicted=predicted,
            truth=truth,
            known=torch.tensor(sample.valid)[None],
            pitch=torch.from_numpy(frame_pitch(sample.pitch))[None],
            content=torch.tensor(sample.content)[None],
        )

    def _condition(self, expression: Float[np.ndarray, "T E"]) -> Float[Tensor, "1 T 204"]:
        still = np.zeros_like(self.identity)
        moved = self.face.condition68(still, expression) + self.identity_condition
        return torch.from_numpy(moved.reshape(1, len(expression), -1).astype(np.float32))

    def dimensions(self) -> dict[str, Any]:
        """Name of the face model, and the sync expert if there is one."""
        expert = self._upstream.get("syncnet")
        return {"basis": self.face.name, "sync_expert": str(expert) if expert else None}

    def train_dataloader(self) -> ResumableLoader:
        """Random windows; a resumed run continues at the draw at which it stopped."""
        return resumable_loader(self._train, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[RefinementBatch]:
        """End of the training split, one sequence per sample; it selects the checkpoint."""
        return DataLoader(cast("Dataset[RefinementBatch]", self._selection), 1, collate_fn=collate)


def _split_for_selection(frames: range) -> tuple[range, range]:
    """Split the training frames into those for training and those that select the checkpoint."""
    last = frames.stop - max(1, round(len(frames) * TEST_SHARE))
    return range(frames.start, last), range(last, frames.stop)
