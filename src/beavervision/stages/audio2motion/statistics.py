"""What the training split says: scales of sound and motion, and the manner of each speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.data.running_stats import Moments
from beavervision.data.speech_sample import Take
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.manner import Manner, manner_of, usual_manner

LOW_PERCENTILE = 1
MIN_STD = 1.0e-3
LEAST_SHARE = 0.25
"""Least scale of a coefficient, over the root mean square of all: what made talks never move (left against right) moves
in people, to whom a network may be adapted later."""
MOST_ROWS = 60_000
"""Percentiles are taken of this many rows at the most, evenly spread: 20 minutes of sound."""


@dataclass(frozen=True)
class Statistics:
    """Figures of the training split."""

    content_mean: Float[np.ndarray, "C"]
    content_std: Float[np.ndarray, "C"]
    content_low: Float[np.ndarray, "C"]
    """Quietest sound of the training split, LOW_PERCENTILE of every channel."""
    motion_mean: Float[np.ndarray, "E"]
    motion_std: Float[np.ndarray, "E"]
    manners: dict[str, Manner]
    """Of each speaker."""
    usual: Manner
    """The only speaker's, or of many the median."""


def measure(takes: Sequence[Take], speakers: Sequence[str], face: FaceModel, *, identity: bool = False) -> Statistics:
    """Measure the undisturbed takes of the training split, one in memory at a time.

    Args:
        takes: undisturbed.
        speakers: of each take.
        face: whose coefficients the motion is.
        identity: whether the motion begins with the identity's coefficients.
    """
    content, motion = Moments(), Moments()
    step = -(-sum(len(take.content) for take in takes) // MOST_ROWS)
    quiet = np.concatenate([take.content[::step] for take in takes])
    for take in takes:
        content.add(take.content)
        motion.add(motion_of(take, identity=identity)[take.valid])
    manners = {
        name: manner_of([takes[i] for i, own in enumerate(speakers) if own == name], face)
        for name in dict.fromkeys(speakers)
    }
    known = {name: manner for name, manner in manners.items() if manner is not None}
    return Statistics(
        content_mean=content.mean,
        content_std=np.maximum(content.std, MIN_STD),
        content_low=np.percentile(quiet, LOW_PERCENTILE, axis=0).astype(np.float32),
        motion_mean=motion.mean,
        motion_std=np.maximum(motion.std, max(MIN_STD, LEAST_SHARE * float(np.sqrt(np.square(motion.std).mean())))),
        manners=known,
        usual=usual_manner(list(known.values())),
    )


def motion_of(take: Take, *, identity: bool) -> Float[np.ndarray, "T E"]:
    """What is learnt of a take's frames: the expression's coefficients, those of the identity before them if wanted."""
    if not identity:
        return take.expression
    return np.concatenate([np.broadcast_to(take.identity, (take.n_frames, len(take.identity))), take.expression], 1)
