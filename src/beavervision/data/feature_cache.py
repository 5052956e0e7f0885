"""Feature cache: speech samples on disk, computed once, named by the hash of their inputs, and memory-mapped."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import beavervision.data.augmentation as augmentation_code
from beavervision import audio
from beavervision.artifacts.arrays import map_arrays
from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.manifest import sha256_file, sha256_json
from beavervision.audio.features import AudioFeatureExtractor
from beavervision.data import speech_sample
from beavervision.data.augmentation import AudioAugmentation
from beavervision.data.recording import Recording
from beavervision.data.speech_sample import SpeechSample, make_sample

MAX_MAPPED = 64
"""Largest number of samples that stay memory-mapped; each needs one file descriptor."""
MADE_BY = (
    *sorted(Path(str(audio.__file__)).parent.glob("*.py")),
    Path(str(augmentation_code.__file__)),
    Path(str(speech_sample.__file__)),
)
"""Source files that determine the contents of a sample; when one of them changes, samples are computed again."""


@dataclass(frozen=True)
class SampleInfo:
    """Facts about a cached sample that need no access to its file."""

    path: Path
    speaker: str
    n_frames: int
    n_known: int
    augmentation: AudioAugmentation
    """The augmentation, without the gain of the level normalisation."""

    @property
    def clean(self) -> bool:
        """Whether the sample is the recording without augmentation (its level may differ)."""
        return self.augmentation == AudioAugmentation()


class FeatureCache(Sequence[SpeechSample]):
    """Speech samples in the order in which they were added; their files are opened on access.

    Args:
        folder: folder of the files, shared by stages with the same settings.
        features: extractor of the audio features.
    """

    def __init__(self, folder: Path, features: AudioFeatureExtractor) -> None:
        self._folder, self._features = Path(folder), features
        self.entries: list[SampleInfo] = []
        self._made_from = {"features": _named(features), "code": code_version()}
        self._mapped: OrderedDict[int, SpeechSample] = OrderedDict()

    def add(
        self, recording: Recording, frames: range, augmentations: Sequence[AudioAugmentation], gain_db: float = 0.0
    ) -> range:
        """Compute samples of some frames of a recording, unless they are cached, and append them.

        Args:
            recording: source of sound and motion.
            frames: contiguous frames of the recording; nothing outside them is read.
            augmentations: one sample is added for each.
            gain_db: gain relative to the recording's level, dB.

        Returns:
            Indices of the samples in the cache.
        """
        first, source = len(self.entries), content_name(recording, frames)
        for augmentation in augmentations:
            name = sha256_json({**self._made_from, "source": source, "how": asdict(augmentation.louder(gain_db))})
            path = self._folder / name[:2] / f"{name}.safetensors"
            if not path.exists():
                save_sample(path, make_sample(recording, frames, self._features, augmentation.louder(gain_db)))
            sample = load_sample(path)
            self.entries.append(
                SampleInfo(path, recording.speaker, sample.n_frames, int(sample.valid.sum()), augmentation)
            )
        return range(first, len(self.entries))

    def part(self, indices: Iterable[int]) -> FeatureCache:
        """Return a cache with some of the samples."""
        chosen = copy(self)
        chosen.entries, chosen._mapped = [self.entries[index] for index in indices], OrderedDict()
        return chosen

    @property
    def clean(self) -> FeatureCache:
        """Return a cache with the samples without augmentation."""
        return self.part(i for i, entry in enumerate(self.entries) if entry.clean)

    @property
    def speakers(self) -> list[str]:
        """Speaker of each sample."""
        return [entry.speaker for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> SpeechSample:  # pyright: ignore[reportIncompatibleMethodOverride]  # no slices
        sample = self._mapped.pop(index, None) or load_sample(self.entries[index].path)
        self._mapped[index] = sample
        if len(self._mapped) > MAX_MAPPED:
            self._mapped.popitem(last=False)
        return sample

    def __iter__(self) -> Iterator[SpeechSample]:
        return (self[index] for index in range(len(self)))

    def __getstate__(self) -> dict[str, object]:
        """Exclude the memory maps: worker processes create their own."""
        return {**vars(self), "_mapped": OrderedDict()}


def save_sample(path: Path, sample: SpeechSample) -> None:
    """Write a sample's file atomically."""
    arrays = {name: np.ascontiguousarray(value) for name, value in vars(sample).items() if value is not None}
    with atomic_file(path) as part:
        save_file(arrays, part)


def load_sample(path: Path) -> SpeechSample:
    """Memory-map a sample's file."""
    return SpeechSample(**map_arrays(path))


def content_name(recording: Recording, frames: range) -> str:
    """Hash of a recording's contents over some frames."""
    digest = hashlib.sha256(repr((recording.fps, recording.basis, len(frames))).encode())
    span = slice(frames.start, frames.stop)
    arrays = [recording.sound(frames), recording.identity]
    arrays += [getattr(recording, name)[span] for name in ("expression", "known", "eye_open")]
    if recording.closed is not None:
        arrays.append(recording.closed[span])
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def code_version() -> str:
    """Hash of the code that computes samples."""
    return sha256_json({path.name: sha256_file(path) for path in MADE_BY})


def _named(features: AudioFeatureExtractor) -> dict[str, object]:
    """Settings of the features; an encoder folder is replaced by the hashes of its files."""
    folder = Path(features.checkpoint) if features.checkpoint else None
    if folder is None or not folder.is_dir():
        return asdict(features)
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".bin"))
    return {**asdict(features), "checkpoint": [sha256_file(path) for path in files]}
