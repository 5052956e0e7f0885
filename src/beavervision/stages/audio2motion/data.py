"""Windows of a clip's speech and motion, at random for training and whole for validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from beavervision.artifacts.clip import Clip
from beavervision.audio.hearing import FeatureSettings
from beavervision.audio.pitch import coarse_pitch
from beavervision.face.model import FaceModel
from beavervision.face.providers import load_face_model
from beavervision.metrics.mouth import spoken_closures
from beavervision.stages.audio2motion.network import Speech
from beavervision.stages.audio2motion.statistics import Statistics, lip_distance, measure, mouth_projector
from beavervision.stages.base import StageData
from beavervision.stages.draws import DrawLoader, DrawSampler, draw_rng
from beavervision.stages.takes import Disturbance, Take, random_disturbance, record, require_motion

CONTEXT = 2.0
"""Seconds of sound before the held-out frames that validation hears."""
MIN_KNOWN = 0.5
"""Share of a training window whose motion must be known."""


@dataclass
class SpeechMotion(Speech):
    """A speech and the motion that goes with it."""

    expression: Float[Tensor, "B T E"]
    known: Bool[Tensor, "B T"]
    """Frames that count: inside the sequence, and the face was seen."""
    closed: Bool[Tensor, "B T"]
    """Lips shut in the midst of speech."""


class Windows(Dataset[SpeechMotion]):
    """Map the number of a draw to one window, the same window every time.

    Args:
        takes: speech and motion, disturbed and undisturbed.
        length: frames of a window; a shorter take is one window.
        statistics: of the training split.
        face: whose coefficients the motion is.
        amplitude: mouths are moved more or less, by up to this share, and the amplitude is told.
        seed: of the draws.
    """

    def __init__(
        self,
        takes: Sequence[Take],
        length: int,
        statistics: Statistics,
        face: FaceModel,
        amplitude: float,
        seed: int,
    ) -> None:
        self._takes, self._length, self._statistics = takes, length, statistics
        self._amplitude, self._seed = amplitude, seed
        self._projector = mouth_projector(face)
        self._closed = [closures(take, statistics, face) for take in takes]
        self._starts = [_starts(take.valid, length) for take in takes]

    def __getitem__(self, draw: int) -> SpeechMotion:
        rng = draw_rng(self._seed, draw)
        chosen = int(rng.integers(len(self._takes)))
        start = int(rng.choice(self._starts[chosen]))
        scale = float(np.exp(rng.uniform(-1, 1) * np.log1p(self._amplitude)))
        window = range(start, min(start + self._length, self._takes[chosen].n_frames))
        return cut(self._takes[chosen], self._closed[chosen], window, self._statistics, self._projector, scale)


def cut(
    take: Take,
    closed: Bool[np.ndarray, "T"],
    window: range,
    statistics: Statistics,
    projector: Float[np.ndarray, "E E"],
    scale: float = 1.0,
) -> SpeechMotion:
    """A window of a take as a batch of one, its mouth moving `scale` times as much."""
    frames, rows = slice(window.start, window.stop), slice(2 * window.start, 2 * window.stop)
    expression = take.expression[frames]
    expression = expression + (scale - 1) * (expression - statistics.rest) @ projector
    known = take.valid[frames]
    return SpeechMotion(
        content=torch.from_numpy(take.content[rows])[None],
        pitch=torch.from_numpy(coarse_pitch(take.pitch[rows]))[None],
        blink=torch.from_numpy(take.blink[frames])[None],
        mouth_amp=torch.tensor([scale * statistics.mouth_amp]),
        eye_amp=torch.tensor([statistics.eye_amp]),
        inside=torch.ones(1, len(window), dtype=torch.bool),
        expression=torch.from_numpy((expression * known[:, None]).astype(np.float32))[None],
        known=torch.from_numpy(known)[None],
        closed=torch.from_numpy(closed[frames])[None],
    )


def collate(items: Sequence[SpeechMotion]) -> SpeechMotion:
    """Join batches of any lengths to one, padded with zeros (False where boolean) to the longest."""
    longest = max(item.inside.shape[1] for item in items)
    joined = {}
    for name in vars(items[0]):
        values = [getattr(item, name) for item in items]
        if values[0].ndim > 1:
            rows = longest * values[0].shape[1] // items[0].inside.shape[1]
            values = [_padded(value, rows) for value in values]
        joined[name] = torch.cat(values)
    return SpeechMotion.from_dict(joined)


def closures(take: Take, statistics: Statistics, face: FaceModel) -> Bool[np.ndarray, "T"]:
    """Known frames whose lips are shut in the midst of speech."""
    opening = torch.from_numpy(lip_distance(face, take.expression))
    return spoken_closures(opening, *statistics.mouth_range).numpy() & take.valid


def _padded(value: Tensor, rows: int) -> Tensor:
    """Lengthen the second dimension with zeros."""
    missing = value.new_zeros(len(value), rows - value.shape[1], *value.shape[2:])
    return torch.cat([value, missing], 1)


def _starts(valid: Bool[np.ndarray, "T"], length: int) -> np.ndarray:
    """First frames of the windows in which enough is known; the best one when none has enough."""
    length = min(length, len(valid))
    total = np.concatenate([[0], np.cumsum(valid)])
    share = (total[length:] - total[:-length]) / length
    enough = np.flatnonzero(share >= MIN_KNOWN)
    return enough if len(enough) else share.argmax()[None]


class Audio2MotionData(StageData):
    """Feeds audio2motion from one clip.

    Args:
        clip: folder of the Clip.
        audio_features: what is heard (conf/audio_features).
        upstream: `syncnet` when there is one.
        subject: which person of the clip.
        batch_size: windows a step.
        window: frames of a window.
        takes: disturbed copies of the speech beside the clean one.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        amplitude: mouths move up to this share more or less, which the network is told.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
    """

    def __init__(
        self,
        clip: Path,
        audio_features: Mapping[str, Any],
        upstream: Mapping[str, Path] | None = None,
        subject: int = 0,
        batch_size: int = 16,
        window: int = 48,
        takes: int = 12,
        speed: float = 0.1,
        gain_db: float = 8.0,
        noise_db: float = -20.0,
        amplitude: float = 0.15,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self._folder, self._upstream, self._subject = Path(clip), dict(upstream or {}), subject
        self.features = FeatureSettings(**audio_features)
        self._batch_size, self._window, self._takes = batch_size, window, takes
        self._disturb = {"speed": speed, "gain_db": gain_db, "noise_db": noise_db}
        self._amplitude, self._steps = amplitude, steps_per_epoch
        self._workers, self._seed = workers, seed

    def setup(self, stage: str) -> None:
        """Hear and measure the training split; the held-out frames are looked at only to be judged by."""
        if hasattr(self, "statistics"):
            return
        self.clip = Clip.load(self._folder)
        self.face = load_face_model(self.clip.facts["basis"])
        rng = np.random.default_rng(self._seed)
        how = [Disturbance(), *(random_disturbance(rng, **self._disturb) for _ in range(self._takes))]
        takes = [record(self.clip, self.clip.train_range, self.features, self._subject, h) for h in how]
        require_motion(takes[0], self.clip)
        self.statistics = measure(takes[0], self.face)
        self._train = Windows(takes, self._window, self.statistics, self.face, self._amplitude, self._seed)
        self._held_out = self._validation_item()

    def dimensions(self) -> dict[str, Any]:
        """Widths of sound and motion, the face model's name, and the sync expert if there is one."""
        expert = self._upstream.get("syncnet")
        return {
            "content_dim": len(self.statistics.content_mean),
            "motion_dim": len(self.statistics.motion_mean),
            "basis": self.clip.facts["basis"],
            "sync_expert": str(expert) if expert else None,
        }

    def train_dataloader(self) -> DataLoader[SpeechMotion]:
        """Random windows; a resumed run goes on with the draw at which it stopped."""
        done = self.trainer.fit_loop.total_batch_idx + 1 if self.trainer else 0
        draws = self._steps * self._batch_size
        return DrawLoader(
            self._train,
            self._batch_size,
            sampler=DrawSampler(draws, done * self._batch_size),
            collate_fn=collate,
            num_workers=self._workers,
        )

    def val_dataloader(self) -> DataLoader[SpeechMotion]:
        """The held-out end of the clip as one sequence."""
        return DataLoader([self._held_out], 1, collate_fn=collate)

    def _validation_item(self) -> SpeechMotion:
        held_out = self.clip.test_range
        start = max(0, held_out.start - round(CONTEXT * self.clip.fps))
        take = record(self.clip, range(start, held_out.stop), self.features, self._subject)
        take.valid[: held_out.start - start] = False  # heard, but no part of the judgement
        closed = closures(take, self.statistics, self.face)
        projector = np.zeros((len(self.statistics.rest),) * 2, np.float32)
        return cut(take, closed, range(take.n_frames), self.statistics, projector)
