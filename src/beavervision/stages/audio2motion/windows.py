"""Random windows of speech and motion, batched by length."""

from __future__ import annotations

from copy import copy

import numpy as np
from jaxtyping import Bool, Int

from beavervision.data.feature_cache import FeatureCache
from beavervision.data.sampling import RandomAccessDataset, sample_rng
from beavervision.data.speaker_balance import BalancedSpeakerSampler
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.batch import (
    SpeechMotion,
    as_batch,
    closures,
    collate,
    with_common_rest,
    with_rest_pose,
    with_scaled_amplitude,
)
from beavervision.stages.audio2motion.speaking_style import mouth_projector
from beavervision.stages.audio2motion.training_stats import TrainingStats
from beavervision.stages.distributed import local_share

MIN_KNOWN = 0.5
"""Smallest share of frames with known motion in a training window."""
SHORTEST = 8
"""Samples shorter than 1/8 of a window are batched as if they had that length."""


class Windows(RandomAccessDataset[SpeechMotion]):
    """Maps a step number to its batch, always the same batch.

    A batch contains `batch_size` windows of `length` frames. Samples shorter than a window are grouped by similar
    length and more of them form a batch, so that no batch exceeds batch_size x length frames and padding is small. All
    speakers have the same probability.

    Args:
        cache: samples of speech and motion, clean and augmented.
        length: length of a window, frames; a shorter sample is one window.
        batch_size: windows per step.
        statistics: statistics of the training split.
        face: face model of the motion.
        amplitude: largest relative change of the mouth motion; the amplitude is an input.
        seed: seed of the draws.
        silence_share: share of windows without speech, in which the face is at rest, if the cache has such samples.
        identity: whether identity coefficients are predicted.
    """

    def __init__(
        self,
        cache: FeatureCache,
        length: int,
        batch_size: int,
        statistics: TrainingStats,
        face: FaceModel,
        amplitude: float,
        seed: int,
        *,
        silence_share: float = 0.0,
        identity: bool = False,
    ) -> None:
        self._cache, self._length, self._batch_size = cache, length, batch_size
        self._statistics, self._amplitude, self._seed = statistics, amplitude, seed
        self._face, self._projector, self._identity = face, mouth_projector(face), identity
        self._who = (0, 1)
        speakers, weights = cache.speakers, _weights(cache, silence_share)
        self._all = BalancedSpeakerSampler(speakers, weights)
        self._times = [min(SHORTEST, max(1, length // entry.n_frames)) for entry in cache.entries]
        self._alike = {
            times: BalancedSpeakerSampler(speakers, weights, [i for i, own in enumerate(self._times) if own == times])
            for times in set(self._times)
        }

    def share(self, rank: int, world: int) -> Windows:
        """Return the dataset of one process's share of every batch."""
        mine = copy(self)
        mine._who = (rank, world)
        local_share(self._batch_size, "datamodule.batch_size", rank, world)
        return mine

    def __getitem__(self, step: int) -> SpeechMotion:
        rng = sample_rng(self._seed, step)
        times = self._times[self._all.draw(rng)]
        count = times * self._batch_size
        drawn = [(self._alike[times].draw(rng), rng.random(), rng.uniform(-1, 1)) for _ in range(count)]
        # All processes pad equally, so that they draw the same noise as a single process.
        longest = max(min(self._length, self._cache.entries[index].n_frames) for index, *_ in drawn)
        own = local_share(count, "datamodule.batch_size", *self._who)
        return collate([self._cut(*one) for one in drawn[own]], longest)

    def _cut(self, index: int, where: float, more: float) -> SpeechMotion:
        """A window of a sample; `where` in [0, 1) selects its start, `more` in [-1, 1] scales the mouth motion."""
        sample, entry = self._cache[index], self._cache.entries[index]
        style = self._statistics.styles[entry.speaker]
        if entry.augmentation.noise_only:
            sample = with_rest_pose(sample, style)
        starts = _starts(sample.valid, self._length)
        start = int(starts[int(where * len(starts))])
        part = sample.part(range(start, min(start + self._length, sample.n_frames)))
        scale = float(np.exp(more * np.log1p(self._amplitude)))
        closed = closures(part, style, self._face)
        scaled = with_scaled_amplitude(part, style, self._projector, scale)
        moved = with_common_rest(scaled, style, self._statistics.default_style)
        return as_batch(moved, closed, style, scale, identity=self._identity)


def _weights(cache: FeatureCache, silence_share: float) -> list[float]:
    """Known frames of each sample; samples without speech have `silence_share` of their speaker's weight in total."""
    spoken: dict[str, int] = {}
    silent: dict[str, int] = {}
    for entry in cache.entries:
        of = silent if entry.augmentation.noise_only else spoken
        of[entry.speaker] = of.get(entry.speaker, 0) + entry.n_known
    share = {
        name: silence_share / (1 - silence_share) * spoken.get(name, 0) / max(1, count)
        for name, count in silent.items()
    }
    return [entry.n_known * (share[entry.speaker] if entry.augmentation.noise_only else 1.0) for entry in cache.entries]


def _starts(valid: Bool[np.ndarray, "T"], length: int) -> Int[np.ndarray, "S"]:
    """First frames of the windows with enough known frames; the best window when none has enough."""
    length = min(length, len(valid))
    total = np.concatenate([[0], np.cumsum(valid)])
    share = (total[length:] - total[:-length]) / length
    enough = np.flatnonzero(share >= MIN_KNOWN)
    return enough if len(enough) else np.array([share.argmax()])
