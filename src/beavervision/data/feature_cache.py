"""Shelf: takes on disk, computed once, named by what they were made from, and mapped into memory when looked at."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from beavervision.artifacts.atomic_write import atomic_file, map_arrays
from beavervision.artifacts.manifest import sha256_file, sha256_json
from beavervision.audio import speech_features
from beavervision.audio.speech_features import FeatureSettings
from beavervision.data import augmentation, speech_sample
from beavervision.data.augmentation import Disturbance
from beavervision.data.recording import Recording
from beavervision.data.speech_sample import Take, record

MAPPED = 64
"""Takes that stay mapped: one file descriptor each."""
MADE_BY = (
    *sorted(Path(str(speech_features.__file__)).parent.glob("*.py")),
    Path(str(augmentation.__file__)),
    Path(str(speech_sample.__file__)),
)
"""Code that decides what a take holds, all of `audio` among it: when it changes, takes are made anew."""


@dataclass(frozen=True)
class Label:
    """What is known of a take without opening it."""

    path: Path
    speaker: str
    n_frames: int
    n_known: int
    how: Disturbance
    """Without what brings it to the common level."""

    @property
    def clean(self) -> bool:
        """The speech as it was recorded, but for its level."""
        return self.how == Disturbance()


class Shelf(Sequence[Take]):
    """Takes in the order in which they were put there; memory holds their labels and the last ones looked at.

    Args:
        folder: where the files are; shared by all who want the same takes.
        features: what is heard.
    """

    def __init__(self, folder: Path, features: FeatureSettings) -> None:
        self._folder, self._features = Path(folder), features
        self.labels: list[Label] = []
        self._made_from = {"features": _named(features), "code": code_version()}
        self._mapped: OrderedDict[int, Take] = OrderedDict()

    def put(self, recording: Recording, frames: range, hows: Sequence[Disturbance], gain_db: float = 0.0) -> range:
        """Put takes of some frames of a recording on the shelf.

        Args:
            recording: where sound and motion come from.
            frames: contiguous frames of it; nothing outside them is looked at.
            hows: a disturbance for each take.
            gain_db: all of them are this much louder than the recording.

        Returns:
            Their places on the shelf.
        """
        first, source = len(self.labels), content_name(recording, frames)
        for how in hows:
            name = sha256_json({**self._made_from, "source": source, "how": asdict(how.louder(gain_db))})
            path = self._folder / name[:2] / f"{name}.safetensors"
            if not path.exists():
                save_take(path, record(recording, frames, self._features, how.louder(gain_db)))
            take = load_take(path)
            self.labels.append(Label(path, recording.speaker, take.n_frames, int(take.valid.sum()), how))
        return range(first, len(self.labels))

    def part(self, places: Iterable[int]) -> Shelf:
        """A shelf with some of the takes."""
        chosen = copy(self)
        chosen.labels, chosen._mapped = [self.labels[place] for place in places], OrderedDict()
        return chosen

    @property
    def clean(self) -> Shelf:
        """The undisturbed takes."""
        return self.part(i for i, label in enumerate(self.labels) if label.clean)

    @property
    def speakers(self) -> list[str]:
        """Of each take."""
        return [label.speaker for label in self.labels]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> Take:  # type: ignore[override]
        take = self._mapped.pop(place, None) or load_take(self.labels[place].path)
        self._mapped[place] = take
        if len(self._mapped) > MAPPED:
            self._mapped.popitem(last=False)
        return take

    def __iter__(self) -> Iterator[Take]:
        return (self[place] for place in range(len(self)))

    def __getstate__(self) -> dict[str, object]:
        """Worker processes map for themselves."""
        return {**vars(self), "_mapped": OrderedDict()}


def save_take(path: Path, take: Take) -> None:
    """Write a take's file, whole or not at all."""
    arrays = {name: np.ascontiguousarray(value) for name, value in vars(take).items() if value is not None}
    with atomic_file(path) as part:
        save_file(arrays, part)


def load_take(path: Path) -> Take:
    """The take of a file, mapped: what is not looked at costs no memory."""
    return Take(**map_arrays(path))


def content_name(recording: Recording, frames: range) -> str:
    """Name of what a recording holds in some frames, and of nothing else."""
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
    """Name of the code that makes takes."""
    return sha256_json({path.name: sha256_file(path) for path in MADE_BY})


def _named(features: FeatureSettings) -> dict[str, object]:
    """The features with, where their encoder is a folder, the bytes that it holds."""
    folder = Path(features.checkpoint) if features.checkpoint else None
    if folder is None or not folder.is_dir():
        return asdict(features)
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".bin"))
    return {**asdict(features), "checkpoint": [sha256_file(path) for path in files]}
