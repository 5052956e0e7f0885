"""Pairs of a fifth of a second of sound and of lips, in step or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.audio.speech_features import ROWS_PER_FRAME
from beavervision.data.feature_cache import Shelf
from beavervision.data.sampling import Drawn, draw_rng
from beavervision.data.speaker_balance import SpeakerBalance
from beavervision.data.speech_sample import Take
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.lips import lips_of
from beavervision.stages.syncnet.network import WINDOW
from beavervision.types import Batch

SHIFT_FRAMES = (3, 15)
"""A small shift that is not in step: at least this many frames, 3 of which an expert must notice (issue 4)."""


@dataclass
class SyncPairs(Batch):
    """Sound and lips, and whether they belong together."""

    content: Float[Tensor, "B R C"]
    lips: Float[Tensor, "B T L"]
    in_step: Float[Tensor, "B"]
    """1 or 0"""
    known: Bool[Tensor, "B T"]


@dataclass(frozen=True)
class Falsehood:
    """Where the sound of false pairs comes from, as shares of them; of the others it comes from another time."""

    other_speaker: float
    """From somebody else (MimicTalk: 25 %); where nobody else speaks, from another time."""
    shift: float
    """From nearby, SHIFT_FRAMES away."""


@dataclass(frozen=True)
class Roughness:
    """How the motion of a pair differs from the take's: other faces and trackers than those that are learnt from."""

    scale: float
    """Up to this share more or less."""
    offset: float
    """Standard deviation of coefficients added to all frames of a window."""
    tremble: float
    """And of those added to each frame."""

    def apply(self, expression: Float[np.ndarray, "T E"], rng: np.random.Generator) -> Float[np.ndarray, "T E"]:
        """Scale, shift and shake expression coefficients."""
        scale = np.exp(rng.uniform(-1, 1) * np.log1p(self.scale))
        offset = self.offset * rng.standard_normal(expression.shape[1])
        return scale * expression + offset + self.tremble * rng.standard_normal(expression.shape)


class Pairs(Drawn[SyncPairs]):
    """Map the number of a draw to a pair; half of them are in step. Every speaker is drawn alike.

    Args:
        shelf: speech and motion.
        face: whose coefficients the motion is.
        false: kinds of false pairs.
        rough: how the motion is disturbed.
        seed: of the draws.
    """

    def __init__(self, shelf: Shelf, face: FaceModel, false: Falsehood, rough: Roughness, seed: int) -> None:
        self._shelf, self._face, self._false, self._rough, self._seed = shelf, face, false, rough, seed
        self._balance = SpeakerBalance(shelf.speakers, [len(window_starts(take.valid)) for take in shelf])

    def __getitem__(self, draw: int) -> SyncPairs:
        rng = draw_rng(self._seed, draw)
        chosen = self._balance.draw(rng)
        take = self._shelf[chosen]
        start = int(rng.choice(window_starts(take.valid)))
        in_step = rng.random() < 0.5
        heard, at = (take, start) if in_step else self._elsewhere(rng, chosen, start)
        motion = self._rough.apply(take.expression[start : start + WINDOW], rng)
        return SyncPairs(
            content=torch.tensor(heard.content[ROWS_PER_FRAME * at : ROWS_PER_FRAME * (at + WINDOW)]),
            lips=torch.from_numpy(lips_of(self._face, motion)),
            in_step=torch.tensor(float(in_step)),
            known=torch.ones(WINDOW, dtype=torch.bool),
        )

    def _elsewhere(self, rng: np.random.Generator, chosen: int, start: int) -> tuple[Take, int]:
        """Sound that does not belong to the window at `start` of the chosen take."""
        kind, others = rng.random(), self._false.other_speaker if len(self._balance) > 1 else 0.0
        if kind < others:
            take = self._shelf[self._balance.draw(rng, other_than=self._shelf.labels[chosen].speaker)]
            return take, int(rng.integers(take.n_frames - WINDOW + 1))
        take, (low, high) = self._shelf[chosen], SHIFT_FRAMES
        places = np.arange(take.n_frames - WINDOW + 1)
        distance = np.abs(places - start)
        near, far = places[(distance >= low) & (distance <= high)], places[distance > high]
        nearby = kind < others + self._false.shift or not len(far)
        return take, int(rng.choice(near if nearby and len(near) else far))


def window_starts(valid: Bool[np.ndarray, "T"]) -> Int[np.ndarray, "S"]:
    """First frames of the windows that are known throughout."""
    if len(valid) < WINDOW:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.lib.stride_tricks.sliding_window_view(valid, WINDOW).all(axis=1))


def whole(take: Take, face: FaceModel) -> SyncPairs:
    """A take as one sequence in step."""
    return SyncPairs(
        content=torch.tensor(take.content),
        lips=torch.from_numpy(lips_of(face, take.expression)),
        in_step=torch.tensor(1.0),
        known=torch.tensor(take.valid),
    )


def collate(items: Sequence[SyncPairs]) -> SyncPairs:
    """Stack pairs of equal length."""
    return SyncPairs(**{name: torch.stack([getattr(item, name) for item in items]) for name in vars(items[0])})
