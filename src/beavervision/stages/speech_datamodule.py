"""Base DataModule of the speech stages: recordings, feature cache, held-out speech."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.level import MAX_GAIN_DB, speech_level_db
from beavervision.data.augmentation import RandomAugmentation, silence_augmentation
from beavervision.data.dataset_stats import compute_dataset_stats, split_into_pieces
from beavervision.data.feature_cache import FeatureCache
from beavervision.data.held_out import CONTEXT_SECONDS, HeldOutSpeech, held_out_speech
from beavervision.data.recording import Recording, open_recording, open_recordings
from beavervision.face.model_registry import load_face_model
from beavervision.stages.base import StageData

MANY = 8
"""Number of recordings from which a progress bar is shown."""
QUIET_SECONDS = 10
"""Duration of a sample without speech, seconds."""
MAX_HELD_OUT = 16
"""Largest number of recordings of a corpus for validation."""


class SpeechDataModule(StageData):
    """Base DataModule of the speech stages, for a clip, synthetic speech, or a corpus of them.

    Args:
        clip: folder of the clip, synthetic speech or corpus.
        subject: number of the person in a clip.
        augmentation: number of augmented copies of each recording, and ranges of the changes.
        cache: folder of the feature cache; by default a temporary one.
        seed: seed of the augmentations.
    """

    def __init__(
        self, clip: Path, subject: int, augmentation: RandomAugmentation, cache: Path | None, seed: int
    ) -> None:
        super().__init__()
        self._folder, self._subject, self._augmentation, self._seed = Path(clip), subject, augmentation, seed
        self._temporary_folder: tempfile.TemporaryDirectory[str] | None = None
        if not cache:
            self._temporary_folder = tempfile.TemporaryDirectory(prefix="beavervision-takes-")
            cache = Path(self._temporary_folder.name)
        self._cache_folder = Path(cache)

    def open_speech(self, features: AudioFeatureExtractor, level_db: float | None = None) -> None:
        """Compute the dataset statistics and open the feature cache.

        Args:
            features: extractor of the audio features.
            level_db: common level of the speech, dB of full scale; by default the median.

        Raises:
            BeaverError: see `compute_dataset_stats`.
        """
        self.features = features
        self.dataset_stats = compute_dataset_stats(self._folder, self._subject)
        self.face = load_face_model(self.dataset_stats.basis)
        self.speech_level_db = self.dataset_stats.level_db if level_db is None else level_db

    def training_samples(self, *, with_silence: bool = False) -> FeatureCache:
        """All training samples: each recording clean and with its augmentations.

        Args:
            with_silence: whether each recording also has a sample without speech (`AudioAugmentation.noise_only`).
        """
        cache = FeatureCache(self._cache_folder, self.features)
        for number, recording in enumerate(self._recordings("hearing")):
            # A separate generator: the augmentations of a recording do not depend on those before it.
            rng = np.random.default_rng((self._seed, number) if number else self._seed)
            for frames in recording.train_ranges:
                for piece in split_into_pieces(frames, recording.fps):
                    cache.add(recording, piece, self._augmentation.draw(rng), self.gain_db(recording))
                if with_silence:
                    cache.add(recording, frames[: round(QUIET_SECONDS * recording.fps)], [silence_augmentation(rng)])
        return cache

    def one_recording(self) -> Recording:
        """The only recording.

        Raises:
            BeaverError: when there are several.
        """
        return open_recording(self._folder, self._subject)

    def held_out_speech(self, context: float = CONTEXT_SECONDS) -> list[HeldOutSpeech]:
        """The held-out stretches of up to MAX_HELD_OUT recordings, evenly chosen; see `held_out_speech`."""
        folders = self.dataset_stats.held_out
        chosen = folders[:: max(1, -(-len(folders) // MAX_HELD_OUT))]
        opened = (open_recording(folder, self._subject) for folder in chosen)
        return [speech for recording in opened for speech in held_out_speech(recording, context=context)]

    def facts(self) -> dict[str, Any]:
        """Facts about the training data in every speech stage's bundle; a corpus has no subject."""
        about = self.dataset_stats
        whose = {"subject": self._subject} if about.one_person else {}
        return {
            "clip": about.name,
            "clip_sha256": about.sha256,
            **whose,
            "fps": about.fps,
            "basis": about.basis,
            "audio_features": asdict(self.features),
        }

    def _recordings(self, what: str) -> Iterator[Recording]:
        """All recordings, with a progress bar when there are many."""
        count = len(self.dataset_stats.levels_db)
        recordings = open_recordings(self._folder, self._subject)
        return iter(track(recordings, what, count, transient=True, disable=count < MANY))

    def gain_db(self, recording: Recording) -> float:
        """Gain that brings a recording to the common level, dB."""
        own = self.dataset_stats.levels_db.get(str(recording.folder))
        if own is None:  # the whole recording is held out
            own = speech_level_db(recording.sound(split_into_pieces(range(recording.n_frames), recording.fps)[0]))
        gain = self.speech_level_db - own
        return float(np.clip(gain, -MAX_GAIN_DB, MAX_GAIN_DB)) if np.isfinite(gain) else 0.0
