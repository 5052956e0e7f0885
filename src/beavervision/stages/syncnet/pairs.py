"""Training pairs of syncnet: 0.2 s of sound and of lips, in sync or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.data.feature_cache import FeatureCache
from beavervision.data.sampling import RandomAccessDataset, sample_rng
from beavervision.data.speaker_balance import BalancedSpeakerSampler
from beavervision.data.speech_sample import SpeechSample
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.lip_landmarks import lip_shape_of
from beavervision.stages.syncnet.network import WINDOW
from beavervision.types import Batch

SHIFT_FRAMES = (3, 15)
"""Smallest shift of a negative pair, frames; an expert must detect a shift of 3."""


@dataclass
class SyncPairs(Batch):
    """Pairs of sound and lips, with their labels."""

    content: Float[Tensor, "B R C"]
    lips: Float[Tensor, "B T L"]
    in_step: Float[Tensor, "B"]
    """1 for pairs in sync, else 0."""
    known: Bool[Tensor, "B T"]


@dataclass(frozen=True)
class NegativeSampling:
    """Sources of the sound in negative pairs, as shares; the rest comes from another time."""

    other_speaker: float
    """Share from another speaker (MimicTalk: 25 %); if there is none, from another time."""
    shift: float
    """Share from nearby, SHIFT_FRAMES away."""


@dataclass(frozen=True)
class MotionNoise:
    """Noise on a pair's motion, for robustness to other faces and trackers."""

    scale: float
    """Largest relative change of scale."""
    offset: float
    """Standard deviation of an offset added to the coefficients of all frames of a window."""
    jitter: float
    """Standard deviation of the noise added to each frame's coefficients."""

    def apply(self, expression: Float[np.ndarray, "T E"], rng: np.random.Generator) -> Float[np.ndarray, "T E"]:
        """Scale, shift and add noise to expression coefficients."""
        scale = np.exp(rng.uniform(-1, 1) * np.log1p(self.scale))
        offset = self.offset * rng.standard_normal(expression.shape[1])
        return scale * expression + offset + self.jitter * rng.standard_normal(expression.shape)


class Pairs(RandomAccessDataset[SyncPairs]):
    """Maps a draw number to a pair; half of the pairs are in sync. All speakers have the same probability.

    Args:
        cache: samples of speech and motion.
        face: face model of the motion.
        negatives: distribution of negative pairs.
        motion_noise: noise added to the motion.
        seed: seed of the draws.
    """

    def __init__(
        self, cache: FeatureCache, face: FaceModel, negatives: NegativeSampling, motion_noise: MotionNoise, seed: int
    ) -> None:
        self._cache, self._face, self._negatives, self._motion_noise, self._seed = (
            cache,
            face,
            negatives,
            motion_noise,
            seed,
        )
        self._balance = BalancedSpeakerSampler(cache.speakers, [len(window_starts(sample.valid)) for sample in cache])

    def __getitem__(self, draw: int) -> SyncPairs:
        rng = sample_rng(self._seed, draw)
        chosen = self._balance.draw(rng)
        sample = self._cache[chosen]
        start = int(rng.choice(window_starts(sample.valid)))
        in_step = rng.random() < 0.5
        source, at = (sample, start) if in_step else self._elsewhere(rng, chosen, start)
        motion = self._motion_noise.apply(sample.expression[start : start + WINDOW], rng)
        return SyncPairs(
            content=torch.tensor(source.content[ROWS_PER_FRAME * at : ROWS_PER_FRAME * (at + WINDOW)]),
            lips=torch.from_numpy(lip_shape_of(self._face, motion)),
            in_step=torch.tensor(float(in_step)),
            known=torch.ones(WINDOW, dtype=torch.bool),
        )

    def _elsewhere(self, rng: np.random.Generator, chosen: int, start: int) -> tuple[SpeechSample, int]:
        """Sound that is out of sync with the window at `start` of the chosen sample."""
        kind, others = rng.random(), self._negatives.other_speaker if len(self._balance) > 1 else 0.0
        if kind < others:
            sample = self._cache[self._balance.draw(rng, other_than=self._cache.entries[chosen].speaker)]
            return sample, int(rng.integers(sample.n_frames - WINDOW + 1))
        sample, (low, high) = self._cache[chosen], SHIFT_FRAMES
        starts = np.arange(sample.n_frames - WINDOW + 1)
        distance = np.abs(starts - start)
        near, far = starts[(distance >= low) & (distance <= high)], starts[distance > high]
        nearby = kind < others + self._negatives.shift or not len(far)
        return sample, int(rng.choice(near if nearby and len(near) else far))


def window_starts(valid: Bool[np.ndarray, "T"]) -> Int[np.ndarray, "S"]:
    """First frames of the windows in which all frames are known."""
    if len(valid) < WINDOW:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.lib.stride_tricks.sliding_window_view(valid, WINDOW).all(axis=1))


def whole(sample: SpeechSample, face: FaceModel) -> SyncPairs:
    """A whole sample as one sequence in sync."""
    return SyncPairs(
        content=torch.tensor(sample.content),
        lips=torch.from_numpy(lip_shape_of(face, sample.expression)),
        in_step=torch.tensor(1.0),
        known=torch.tensor(sample.valid),
    )


def collate(items: Sequence[SyncPairs]) -> SyncPairs:
    """Stack pairs to a batch."""
    return SyncPairs(**{name: torch.stack([getattr(item, name) for item in items]) for name in vars(items[0])})
