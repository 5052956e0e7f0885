"""Statistics of the training split: scales of sound and motion, and the speaking style of each speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """Quietest sound of the training split: LOW_PERCENTILE of every channel; -inf for features without a floor."""
    motion_mean: Float[np.ndarray, "E"]
    motion_std: Float[np.ndarray, "E"]
    styles: dict[str, SpeakingStyle]
    """Speaking style of each speaker."""
    default_style: SpeakingStyle
    """Style of the only speaker, or the median over several."""


def compute_training_stats(
    samples: Sequence[SpeechSample],
    speakers: Sequence[str],
    face: FaceModel,
    *,
    identity: bool = False,
    floor: bool = True,
) -> TrainingStats:
    """Compute statistics of the clean samples of the training split, one in memory at a time.

    Args:
        samples: clean samples of the training split.
        speakers: speaker of each sample.
        face: face model of the motion.
        identity: whether the motion begins with identity coefficients.
        floor: whether quieter sound has smaller features, as in log-mel.
    """
    styles = {
        name: estimate_style([samples[i] for i, own in enumerate(speakers) if own == name], face)
        for name in dict.fromkeys(speakers)
    }
    known = {name: style for name, style in styles.items() if style is not None}
    common = average_style(list(known.values()))
    content, motion = RunningMeanStd(), RunningMeanStd()
    step = -(-sum(len(sample.content) for sample in samples) // MAX_ROWS)
    rows = np.concatenate([sample.content[::step] for sample in samples])
    for sample, speaker in zip(samples, speakers, strict=True):
        content.add(sample.content)
        shift = common.rest - known[speaker].rest if speaker in known else 0.0
        moved = replace(sample, expression=sample.expression + shift)
        motion.add(motion_target(moved, identity=identity)[sample.valid])
    low = np.percentile(rows, LOW_PERCENTILE, axis=0) if floor else np.full(rows.shape[1], -np.inf)
    return TrainingStats(
        content_mean=content.mean,
        content_std=np.maximum(content.std, MIN_STD),
        content_low=low.astype(np.float32),
        motion_mean=motion.mean,
        motion_std=np.maximum(motion.std, max(MIN_STD, MIN_SCALE_SHARE * float(np.sqrt(np.square(motion.std).mean())))),
        styles=known,
        default_style=common,
    )


def motion_target(sample: SpeechSample, *, identity: bool) -> Float[np.ndarray, "T E"]:
    """Target of a sample's frames: expression coefficients, preceded by identity coefficients if `identity`."""
    if not identity:
        return sample.expression
    return np.concatenate(
        [np.broadcast_to(sample.identity, (sample.n_frames, len(sample.identity))), sample.expression], 1
    )
