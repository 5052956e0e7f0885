"""Statistics of the training split: scales of sound and motion, and the speaking style of each speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.data.running_mean_std import RunningMeanStd
from beavervision.data.speech_sample import SpeechSample
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.speaking_style import SpeakingStyle, average_style, estimate_style

LOW_PERCENTILE = 1
MIN_STD = 1.0e-3
MIN_SCALE_SHARE = 0.25
"""Smallest scale of a coefficient, relative to the root mean square of all. Asymmetric coefficients, which are constant
in synthetic speech, vary in people, to whom a network may be adapted later."""
MAX_ROWS = 60_000
"""Largest number of rows for percentiles, evenly spaced: 20 minutes of sound."""


@dataclass(frozen=True)
class TrainingStats:
    """Statistics of the training split."""

    content_mean: Float[np.ndarray, "C"]
    content_std: Float[np.ndarray, "C"]
    content_low: Float[np.ndarray, "C"]
    """Quietest sound of the training split: LOW_PERCENTILE of every channel."""
    motion_mean: Float[np.ndarray, "E"]
    motion_std: Float[np.ndarray, "E"]
    styles: dict[str, SpeakingStyle]
    """Speaking style of each speaker."""
    default_style: SpeakingStyle
    """Style of the only speaker, or the median over several."""


def compute_training_stats(
    samples: Sequence[SpeechSample], speakers: Sequence[str], face: FaceModel, *, identity: bool = False
) -> TrainingStats:
    """Compute statistics of the clean samples of the training split, one in memory at a time.

    Args:
        samples: clean samples of the training split.
        speakers: speaker of each sample.
        face: face model of the motion.
        identity: whether the motion begins with identity coefficients.
    """
    content, motion = RunningMeanStd(), RunningMeanStd()
    step = -(-sum(len(sample.content) for sample in samples) // MAX_ROWS)
    rows = np.concatenate([sample.content[::step] for sample in samples])
    for sample in samples:
        content.add(sample.content)
        motion.add(motion_target(sample, identity=identity)[sample.valid])
    styles = {
        name: estimate_style([samples[i] for i, own in enumerate(speakers) if own == name], face)
        for name in dict.fromkeys(speakers)
    }
    known = {name: style for name, style in styles.items() if style is not None}
    return TrainingStats(
        content_mean=content.mean,
        content_std=np.maximum(content.std, MIN_STD),
        content_low=np.percentile(rows, LOW_PERCENTILE, axis=0).astype(np.float32),
        motion_mean=motion.mean,
        motion_std=np.maximum(motion.std, max(MIN_STD, MIN_SCALE_SHARE * float(np.sqrt(np.square(motion.std).mean())))),
        styles=known,
        default_style=average_style(list(known.values())),
    )


def motion_target(sample: SpeechSample, *, identity: bool) -> Float[np.ndarray, "T E"]:
    """Target of a sample's frames: expression coefficients, preceded by identity coefficients if `identity`."""
    if not identity:
        return sample.expression
    return np.concatenate(
        [np.broadcast_to(sample.identity, (sample.n_frames, len(sample.identity))), sample.expression], 1
    )
