"""Feeds syncnet: pairs in step and false ones for training, what is held out whole for validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from beavervision.audio.speech_features import FeatureSettings
from beavervision.data.augmentation import Variety
from beavervision.data.feature_cache import Shelf
from beavervision.data.running_stats import Moments
from beavervision.data.sampling import DrawLoader, draw_loader
from beavervision.errors import BeaverError
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.lips import lips_of
from beavervision.stages.speech_data import SpeechData
from beavervision.stages.syncnet.network import WINDOW
from beavervision.stages.syncnet.pairs import (
    SHIFT_FRAMES,
    Falsehood,
    Pairs,
    Roughness,
    SyncPairs,
    collate,
    whole,
    window_starts,
)

MIN_STD = 1.0e-3
LEAST_SHARE = 0.25
"""Coordinates of the lips that hardly move (of made speech) count as if they moved by this share of the usual one."""


class SyncNetData(SpeechData):
    """Feeds syncnet from one clip or from a corpus.

    Args:
        clip: folder of the Clip, Talk or Corpus.
        audio_features: what is heard (conf/audio_features).
        subject: which person of a clip.
        batch_size: pairs a step.
        takes: disturbed copies of the speech beside the clean one.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        scale: lips move up to this share more or less.
        offset: standard deviation of what is added to a window's expression coefficients: another face at rest.
        tremble: and to those of each frame: a tracker's errors.
        other_speaker: share of the false pairs that hear somebody else.
        shift: share of the false pairs that are shifted by a little; the others come from another time.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
        shelf: folder in which takes are kept.
    """

    def __init__(
        self,
        clip: Path,
        audio_features: Mapping[str, Any],
        subject: int = 0,
        batch_size: int = 64,
        takes: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        scale: float = 0.3,
        offset: float = 0.3,
        tremble: float = 0.1,
        other_speaker: float = 0.25,
        shift: float = 0.5,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
        shelf: Path | None = None,
    ) -> None:
        super().__init__(clip, subject, Variety(takes, speed, gain_db, noise_db), shelf, seed)
        self._wanted, self._false = FeatureSettings(**audio_features), Falsehood(other_speaker, shift)
        self._rough = Roughness(scale, offset, tremble)
        self._batch_size, self._steps, self._workers = batch_size, steps_per_epoch, workers

    def setup(self, stage: str) -> None:
        """Hear and measure the training split; the held-out frames are looked at only to be judged by.

        Raises:
            BeaverError: when no take is long enough to be out of step.
        """
        if hasattr(self, "statistics"):
            return
        self.open_speech(self._wanted)
        heard = self.learnt_takes()
        shelf = heard.part(i for i, label in enumerate(heard.labels) if label.n_frames >= 2 * SHIFT_FRAMES[1] + WINDOW)
        if not any(len(window_starts(take.valid)) for take in shelf):
            raise BeaverError(
                f"{self.survey.name} is too short for syncnet; give at least two seconds of speech with a clear face."
            )
        self.statistics = _statistics(shelf.clean if len(shelf.clean) else shelf, self.face)
        self.pairs = Pairs(shelf, self.face, self._false, self._rough, self._seed)
        self.held_out = self.held_out_speech(context=0.0)
        takes = (speech.take(self.features, self.gain_db(speech.recording)) for speech in self.held_out)
        self._judged_by = [whole(take, self.face) for take in takes]

    def dimensions(self) -> dict[str, Any]:
        """Width of the sound."""
        return {"content_dim": len(self.statistics["content_mean"])}

    def train_dataloader(self) -> DrawLoader:
        """Random pairs; a resumed run goes on with the draw at which it stopped."""
        return draw_loader(self.pairs, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SyncPairs]:
        """What is held out, every stretch one sequence."""
        return DataLoader(self._judged_by, 1, collate_fn=collate)


def _statistics(shelf: Shelf, face: FaceModel) -> dict[str, np.ndarray]:
    """Mean and standard deviation of sound and lips over the training split."""
    content, lips = Moments(), Moments()
    for take in shelf:
        content.add(take.content)
        lips.add(lips_of(face, take.expression[take.valid]))
    return {
        "content_mean": content.mean,
        "content_std": np.maximum(content.std, MIN_STD),
        "lips_mean": lips.mean,
        "lips_std": np.maximum(lips.std, max(MIN_STD, LEAST_SHARE * float(np.sqrt(np.square(lips.std).mean())))),
    }
