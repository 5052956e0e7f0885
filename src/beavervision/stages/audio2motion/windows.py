"""Windows of speech and motion, cut at random and joined to batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.audio.pitch import coarse_pitch
from beavervision.face.model import FaceModel
from beavervision.metrics.mouth import spoken_closures
from beavervision.stages.audio2motion.network import Speech
from beavervision.stages.audio2motion.statistics import Statistics, lip_distance, mouth_projector
from beavervision.stages.draws import Drawn, draw_rng
from beavervision.stages.takes import Take

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


class Windows(Drawn[SpeechMotion]):
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
