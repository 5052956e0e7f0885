"""Pairs of a fifth of a second of sound and of lips, in step or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import Clip
from beavervision.audio.hearing import ROWS_PER_FRAME, FeatureSettings
from beavervision.errors import BeaverError
from beavervision.face.providers import load_face_model
from beavervision.stages.base import StageData
from beavervision.stages.draws import DrawLoader, Drawn, draw_loader, draw_rng
from beavervision.stages.lips import lips_of
from beavervision.stages.syncnet.network import WINDOW
from beavervision.stages.takes import Disturbance, Take, random_disturbance, record, require_motion
from beavervision.types import Batch

MIN_STD = 1.0e-3
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


class Pairs(Drawn[SyncPairs]):
    """Map the number of a draw to a pair; half of them are in step.

    Args:
        takes: speech and motion.
        lips: of each take.
        shift: share of the false pairs that are shifted by a little; the others come from another time.
        seed: of the draws.
    """

    def __init__(self, takes: Sequence[Take], lips: Sequence[np.ndarray], shift: float, seed: int) -> None:
        self._takes, self._lips, self._shift, self._seed = takes, lips, shift, seed
        self._starts = [window_starts(take.valid) for take in takes]

    def __getitem__(self, draw: int) -> SyncPairs:
        rng = draw_rng(self._seed, draw)
        chosen = int(rng.integers(len(self._takes)))
        take, lips = self._takes[chosen], self._lips[chosen]
        start = int(rng.choice(self._starts[chosen]))
        in_step = rng.random() < 0.5
        heard = start if in_step else self._elsewhere(rng, start, take.n_frames - WINDOW)
        rows = slice(ROWS_PER_FRAME * heard, ROWS_PER_FRAME * (heard + WINDOW))
        return SyncPairs(
            content=torch.from_numpy(take.content[rows]),
            lips=torch.from_numpy(lips[start : start + WINDOW]),
            in_step=torch.tensor(float(in_step)),
            known=torch.ones(WINDOW, dtype=torch.bool),
        )

    def _elsewhere(self, rng: np.random.Generator, start: int, last: int) -> int:
        """First frame of sound that does not belong to the window at `start`."""
        low, high = SHIFT_FRAMES
        others = np.arange(last + 1)
        distance = np.abs(others - start)
        near = others[(distance >= low) & (distance <= high)]
        far = others[distance > high]
        pool = near if rng.random() < self._shift or not len(far) else far
        return int(rng.choice(pool))


def window_starts(valid: Bool[np.ndarray, "T"]) -> Int[np.ndarray, "S"]:
    """First frames of the windows that are known throughout."""
    if len(valid) < WINDOW:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.lib.stride_tricks.sliding_window_view(valid, WINDOW).all(axis=1))


def collate(items: Sequence[SyncPairs]) -> SyncPairs:
    """Stack pairs of equal length."""
    return SyncPairs(**{name: torch.stack([getattr(item, name) for item in items]) for name in vars(items[0])})


class SyncNetData(StageData):
    """Feeds syncnet from one clip.

    Args:
        clip: folder of the Clip.
        audio_features: what is heard (conf/audio_features).
        subject: which person of the clip.
        batch_size: pairs a step.
        takes: disturbed copies of the speech beside the clean one.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        shift: share of the false pairs that are shifted by a little.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
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
        shift: float = 0.5,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self._folder, self._subject = Path(clip), subject
        self.features = FeatureSettings(**audio_features)
        self._batch_size, self._takes, self._shift = batch_size, takes, shift
        self._disturb = {"speed": speed, "gain_db": gain_db, "noise_db": noise_db}
        self._steps, self._workers, self._seed = steps_per_epoch, workers, seed

    def setup(self, stage: str) -> None:
        """Hear and measure the training split; the held-out frames are looked at only to be judged by."""
        if hasattr(self, "statistics"):
            return
        self.clip = Clip.load(self._folder)
        face = load_face_model(self.clip.facts["basis"])
        rng = np.random.default_rng(self._seed)
        how = [Disturbance(), *(random_disturbance(rng, **self._disturb) for _ in range(self._takes))]
        takes = [record(self.clip, self.clip.train_range, self.features, self._subject, h) for h in how]
        require_motion(takes[0], self.clip)
        if takes[0].n_frames < 2 * SHIFT_FRAMES[1] + WINDOW or not len(window_starts(takes[0].valid)):
            raise BeaverError(f"clip {self.clip.name} is too short for syncnet; give at least two seconds of speech.")
        lips = [lips_of(face, take.expression) for take in takes]
        self.statistics = _statistics(takes[0], lips[0])
        self._train = Pairs(takes, lips, self._shift, self._seed)
        held_out = record(self.clip, self.clip.test_range, self.features, self._subject)
        self._held_out = SyncPairs(
            content=torch.from_numpy(held_out.content),
            lips=torch.from_numpy(lips_of(face, held_out.expression)),
            in_step=torch.tensor(1.0),
            known=torch.from_numpy(held_out.valid),
        )

    def dimensions(self) -> dict[str, Any]:
        """Width of the sound."""
        return {"content_dim": len(self.statistics["content_mean"])}

    def train_dataloader(self) -> DrawLoader:
        """Random pairs; a resumed run goes on with the draw at which it stopped."""
        return draw_loader(self._train, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[SyncPairs]:
        """The held-out end of the clip as one sequence."""
        return DataLoader([self._held_out], 1, collate_fn=collate)


def _statistics(take: Take, lips: Float[np.ndarray, "T L"]) -> dict[str, np.ndarray]:
    """Mean and standard deviation of sound and lips over the training split."""
    known = lips[take.valid]
    return {
        "content_mean": take.content.mean(0),
        "content_std": np.maximum(take.content.std(0), MIN_STD),
        "lips_mean": known.mean(0),
        "lips_std": np.maximum(known.std(0), MIN_STD),
    }
