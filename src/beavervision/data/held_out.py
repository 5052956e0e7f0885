"""Held-out speech: the frames that nothing is learnt from, as a stage is judged by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.audio.speech_features import FeatureSettings
from beavervision.data.augmentation import Disturbance
from beavervision.data.dataset_stats import PIECE_SECONDS
from beavervision.data.recording import Recording
from beavervision.data.speech_sample import Take, record

CONTEXT_SECONDS = 2.0
"""Sound before the held-out frames that is heard, too."""


@dataclass(frozen=True)
class HeldOut:
    """A stretch of speech at whose end the held-out frames are."""

    recording: Recording
    heard: range
    """Frames whose sound is heard; the context may belong to the training split, and is not judged."""
    judged: range

    def take(self, features: FeatureSettings, gain_db: float = 0.0) -> Take:
        """Speech and motion over `heard`; motion is known in `judged` alone."""
        take = record(self.recording, self.heard, features, Disturbance(gain_db=gain_db))
        return take.unjudged(self.judged.start - self.heard.start)

    def last(self, frames: int) -> range:
        """The last frames of it, at most so many."""
        return self.heard[-frames:]

    @property
    def expression(self) -> Float[np.ndarray, "T E"]:
        """Truth over `heard`; NaN where the face was not seen."""
        return np.asarray(self.recording.expression[self.heard.start : self.heard.stop])


def held_out_of(recording: Recording, *, context: float = CONTEXT_SECONDS) -> Iterator[HeldOut]:
    """Yield the held-out stretches of a recording, of each the first PIECE_SECONDS.

    Args:
        recording: where they are.
        context: seconds of sound before them that are heard, as far as the recording has them.
    """
    for frames in recording.held_out_ranges:
        judged = frames[: round(PIECE_SECONDS * recording.fps)]
        start = max(0, frames.start - round(context * recording.fps))
        yield HeldOut(recording, range(start, judged.stop), judged)
