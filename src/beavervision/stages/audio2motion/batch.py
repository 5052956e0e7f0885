"""Batches of audio features and motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.audio.pitch import coarse_pitch
from beavervision.data.speech_sample import SpeechSample
from beavervision.face.morphable_model import FaceModel
from beavervision.metrics.mouth import spoken_closures
from beavervision.stages.audio2motion.network import SpeechFeatures
from beavervision.stages.audio2motion.speaking_style import SpeakingStyle
from beavervision.stages.audio2motion.training_stats import motion_target
from beavervision.stages.face_geometry import lip_distance


@dataclass
class SpeechMotion(SpeechFeatures):
    """Speech with its motion."""

    expression: Float[Tensor, "B T E"]
    """Target of a frame: expression coefficients, preceded by identity coefficients where they are predicted too."""
    known: Bool[Tensor, "B T"]
    """Frames that are scored: inside the sequence, with a visible face."""
    closed: Bool[Tensor, "B T"]
    """Frames in which the lips are closed during speech."""


def with_rest_pose(sample: SpeechSample, style: SpeakingStyle) -> SpeechSample:
    """Return a copy with the same sound and the speaker's rest pose in every frame."""
    still = np.tile(style.rest, (sample.n_frames, 1))
    nothing = np.zeros(sample.n_frames, bool)
    return replace(sample, expression=still, valid=~nothing, blink=nothing.astype(np.int64), bilabial=nothing)


def with_common_rest(sample: SpeechSample, style: SpeakingStyle, common: SpeakingStyle) -> SpeechSample:
    """Return a copy whose rest pose is that of `common`: people's rest poses differ, and speech does not tell them."""
    if style.rest is common.rest:
        return sample
    return replace(sample, expression=(sample.expression + common.rest - style.rest) * sample.valid[:, None])


def with_scaled_amplitude(
    sample: SpeechSample, style: SpeakingStyle, projector: Float[np.ndarray, "E E"], scale: float
) -> SpeechSample:
    """Return a copy in which the mouth motion is multiplied by `scale`."""
    expression = sample.expression + (scale - 1) * (sample.expression - style.rest) @ projector
    return replace(sample, expression=expression * sample.valid[:, None])


def as_batch(
    sample: SpeechSample,
    closed: Bool[np.ndarray, "T"],
    style: SpeakingStyle,
    scale: float = 1.0,
    *,
    identity: bool = False,
) -> SpeechMotion:
    """Return a sample as a batch of one."""
    motion = motion_target(sample, identity=identity) * sample.valid[:, None]
    # torch.tensor copies: memory-mapped data must not be written to.
    return SpeechMotion(
        content=torch.tensor(sample.content)[None],
        pitch=torch.tensor(coarse_pitch(sample.pitch))[None],
        blink=torch.tensor(sample.blink)[None],
        mouth_amp=torch.tensor([scale * style.mouth_amp]),
        eye_amp=torch.tensor([style.eye_amp]),
        inside=torch.ones(1, sample.n_frames, dtype=torch.bool),
        expression=torch.tensor(motion.astype(np.float32))[None],
        known=torch.tensor(sample.valid)[None],
        closed=torch.tensor(closed)[None],
    )


def collate(items: Sequence[SpeechMotion], longest: int = 0) -> SpeechMotion:
    """Join batches of different lengths to one, padded with zeros (False where boolean).

    Args:
        items: at least one batch.
        longest: number of frames to pad to, where another process has a longer item.
    """
    longest = max(longest, *(item.inside.shape[1] for item in items))
    joined = {}
    for name in vars(items[0]):
        values = [getattr(item, name) for item in items]
        if values[0].ndim > 1:
            rows = longest * values[0].shape[1] // items[0].inside.shape[1]
            values = [_padded(value, rows) for value in values]
        joined[name] = torch.cat(values)
    return SpeechMotion.from_dict(joined)


def closures(sample: SpeechSample, style: SpeakingStyle, face: FaceModel) -> Bool[np.ndarray, "T"]:
    """Known frames in which the lips are closed during speech: by p, b or m where that is known."""
    if sample.bilabial is not None:
        return sample.bilabial & sample.valid
    opening = torch.tensor(lip_distance(face, sample.expression))
    return spoken_closures(opening, *style.mouth_range).numpy() & sample.valid


def _padded(value: Tensor, rows: int) -> Tensor:
    """Pad the second dimension with zeros."""
    missing = value.new_zeros(len(value), rows - value.shape[1], *value.shape[2:])
    return torch.cat([value, missing], 1)
