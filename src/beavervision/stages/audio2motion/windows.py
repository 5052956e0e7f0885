"""Windows of speech and motion, cut at random and joined to batches of about the same length."""

from __future__ import annotations

from copy import copy

import numpy as np
from jaxtyping import Bool, Int

from beavervision.data.feature_cache import Shelf
from beavervision.data.sampling import Drawn, draw_rng
from beavervision.data.speaker_balance import SpeakerBalance
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.manner import mouth_projector
from beavervision.stages.audio2motion.speech_motion import SpeechMotion, as_batch, closures, collate, resting, scaled
from beavervision.stages.audio2motion.statistics import Statistics
from beavervision.stages.distributed import own_share

MIN_KNOWN = 0.5
"""Share of a training window whose motion must be known."""
SHORTEST = 8
"""Takes of less than 1/8 of a window are batched as if they had that length."""


class Windows(Drawn[SpeechMotion]):
    """Map the number of a step to its batch, the same batch every time.

    A batch holds `batch_size` windows of `length` frames; or, of takes that are shorter than a window, more of about
    the same length, so that no batch has more than batch_size x length frames and little of it is padding. Every
    speaker is drawn alike.

    Args:
        shelf: speech and motion, disturbed and undisturbed.
        length: frames of a window; a shorter take is one window.
        batch_size: windows a step.
        statistics: of the training split.
        face: whose coefficients the motion is.
        amplitude: mouths are moved more or less, by up to this share, and the amplitude is told.
        seed: of the draws.
        quiet: share of windows in which nobody speaks and the face rests, if the shelf has such takes.
        identity: whether identity coefficients are learnt, too.
    """

    def __init__(
        self,
        shelf: Shelf,
        length: int,
        batch_size: int,
        statistics: Statistics,
        face: FaceModel,
        amplitude: float,
        seed: int,
        *,
        quiet: float = 0.0,
        identity: bool = False,
    ) -> None:
        self._shelf, self._length, self._batch_size = shelf, length, batch_size
        self._statistics, self._amplitude, self._seed = statistics, amplitude, seed
        self._face, self._projector, self._identity = face, mouth_projector(face), identity
        self._who = (0, 1)
        speakers, weights = shelf.speakers, _weights(shelf, quiet)
        self._all = SpeakerBalance(speakers, weights)
        self._times = [min(SHORTEST, max(1, length // label.n_frames)) for label in shelf.labels]
        self._alike = {
            times: SpeakerBalance(speakers, weights, [i for i, own in enumerate(self._times) if own == times])
            for times in set(self._times)
        }

    def share(self, rank: int, world: int) -> Windows:
        """The part that one of several processes makes of every batch."""
        mine = copy(self)
        mine._who = (rank, world)
        own_share(self._batch_size, "datamodule.batch_size", rank, world)
        return mine

    def __getitem__(self, step: int) -> SpeechMotion:
        rng = draw_rng(self._seed, step)
        times = self._times[self._all.draw(rng)]
        count = times * self._batch_size
        drawn = [(self._alike[times].draw(rng), rng.random(), rng.uniform(-1, 1)) for _ in range(count)]
        # Padded alike in all processes, so that they draw the noise that one alone would draw.
        longest = max(min(self._length, self._shelf.labels[place].n_frames) for place, *_ in drawn)
        own = own_share(count, "datamodule.batch_size", *self._who)
        return collate([self._cut(*one) for one in drawn[own]], longest)

    def _cut(self, place: int, where: float, more: float) -> SpeechMotion:
        """A window of a take; `where` in [0, 1) chooses its start, `more` in [-1, 1] how far the mouth moves."""
        take, label = self._shelf[place], self._shelf.labels[place]
        manner = self._statistics.manners[label.speaker]
        if label.how.alone:
            take = resting(take, manner)
        starts = _starts(take.valid, self._length)
        start = int(starts[int(where * len(starts))])
        part = take.part(range(start, min(start + self._length, take.n_frames)))
        scale = float(np.exp(more * np.log1p(self._amplitude)))
        closed = closures(part, manner, self._face)
        return as_batch(scaled(part, manner, self._projector, scale), closed, manner, scale, identity=self._identity)


def _weights(shelf: Shelf, quiet: float) -> list[float]:
    """Known frames of each take; those in which nobody speaks weigh `quiet` of their speaker together."""
    spoken: dict[str, int] = {}
    silent: dict[str, int] = {}
    for label in shelf.labels:
        of = silent if label.how.alone else spoken
        of[label.speaker] = of.get(label.speaker, 0) + label.n_known
    share = {name: quiet / (1 - quiet) * spoken.get(name, 0) / max(1, count) for name, count in silent.items()}
    return [label.n_known * (share[label.speaker] if label.how.alone else 1.0) for label in shelf.labels]


def _starts(valid: Bool[np.ndarray, "T"], length: int) -> Int[np.ndarray, "S"]:
    """First frames of the windows in which enough is known; the best one when none has enough."""
    length = min(length, len(valid))
    total = np.concatenate([[0], np.cumsum(valid)])
    share = (total[length:] - total[:-length]) / length
    enough = np.flatnonzero(share >= MIN_KNOWN)
    return enough if len(enough) else share.argmax()[None]
