"""Dataset statistics of a speech stage: common facts of its recordings, and the level of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.corpus import Corpus
from beavervision.artifacts.manifest import kind_of, sha256_folder
from beavervision.audio.level import level_of, window_powers
from beavervision.data.recording import Recording, open_recordings
from beavervision.errors import CorpusError, FootageError

MAX_PIECE_SECONDS = 60
"""Longer stretches are processed in pieces of at most this length, to bound memory."""
MIN_SECONDS = 1
"""Smallest total duration with a visible speaker, seconds."""


@dataclass(frozen=True)
class DatasetStats:
    """Facts about all recordings; levels are those of the training splits."""

    name: str
    """Name that the user gave to the clip or corpus (`data.name`)."""
    sha256: str
    """SHA-256 of the manifest of the clip, synthetic speech or corpus."""
    fps: float
    basis: str
    """Name of the face model of the motions' coefficients."""
    levels_db: dict[str, float]
    """Folder of each recording with training data -> level of its speech, dB of full scale."""
    held_out: tuple[Path, ...]
    """Folders of the recordings with held-out frames."""
    one_person: bool
    """Whether the data are a single clip or synthetic speech."""

    @property
    def level_db(self) -> float:
        """Median level of the speech, dB of full scale."""
        return float(np.median(list(self.levels_db.values())))


def compute_dataset_stats(folder: Path, subject: int = 0) -> DatasetStats:
    """Read all recordings once, one at a time, and compute the statistics.

    Raises:
        BeaverError: when the recordings do not fit together, or show too little of the face for training.
    """
    levels, held_out, first, known, total = {}, [], None, 0, 0
    for recording in open_recordings(folder, subject):
        first = first or recording
        if (recording.fps, recording.basis) != (first.fps, first.basis):
            raise CorpusError(
                f"{recording.name} speaks {recording.basis} at {recording.fps} fps, {first.name} {first.basis} at "
                f"{first.fps}; prepare all recordings of a corpus with the same face_model= and data.fps."
            )
        if recording.train_ranges:
            levels[str(recording.folder)] = _level_db(recording)
        if recording.held_out_ranges:
            held_out.append(recording.folder)
        for span in recording.train_ranges:
            known, total = known + int(recording.known[span.start : span.stop].sum()), total + len(span)
    if first is None or not levels:
        raise CorpusError(f"{folder} holds nothing to learn from; name clips or talks of the training split.")
    if known < (least := round(MIN_SECONDS * first.fps)):
        raise FootageError(
            f"{first.name} shows the face clearly in {known} of its {total} frames to train on; at least {least} are "
            "needed, so give longer footage."
        )
    if not held_out:
        raise CorpusError(f"nothing of {folder} is held out to judge by; add a clip, or a talk of the test split.")
    kind = kind_of(Path(folder))
    name = {"corpus": Corpus, "clip": Clip}[kind].load(folder).name if kind != "synthetic_speech" else first.name
    return DatasetStats(
        name, sha256_folder(Path(folder)), first.fps, first.basis, levels, tuple(held_out), kind != "corpus"
    )


def split_into_pieces(frames: range, fps: float) -> list[range]:
    """Split a stretch of frames into equal pieces of at most MAX_PIECE_SECONDS.

    Example:
        >>> split_into_pieces(range(10, 3310), 25.0)
        [range(10, 1110), range(1110, 2210), range(2210, 3310)]
    """
    count = -(-len(frames) // round(MAX_PIECE_SECONDS * fps))
    ends = np.linspace(frames.start, frames.stop, count + 1).round().astype(int).tolist()
    return [range(start, stop) for start, stop in pairwise(ends)]


def _level_db(recording: Recording) -> float:
    """Level of the training split's speech."""
    powers: list[Float[np.ndarray, "W"]] = [
        window_powers(recording.sound(piece))
        for frames in recording.train_ranges
        for piece in split_into_pieces(frames, recording.fps)
    ]
    return level_of(np.concatenate(powers))
