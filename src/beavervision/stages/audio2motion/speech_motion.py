"""Speech and the motion that goes with it, as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.audio.pitch import coarse_pitch
from beavervision.data.speech_sample import Take
from beavervision.face.morphable_model import FaceModel
from beavervision.metrics.mouth import spoken_closures
from beavervision.stages.audio2motion.manner import Manner, lip_distance
from beavervision.stages.audio2motion.network import Speech
from beavervision.stages.audio2motion.statistics import motion_of


@dataclass
class SpeechMotion(Speech):
    """A speech and the motion that goes with it."""

    expression: Float[Tensor, "B T E"]
    """What is learnt of a frame; identity coefficients stand before the expression's where they are learnt, too."""
    known: Bool[Tensor, "B T"]
    """Frames that count: inside the sequence, and the face was seen."""
    closed: Bool[Tensor, "B T"]
    """Lips shut in the midst of speech."""


def resting(take: Take, manner: Manner) -> Take:
    """The same sound, to which the face rests."""
    still = np.tile(manner.rest, (take.n_frames, 1))
    nothing = np.zeros(take.n_frames, bool)
    return replace(take, expression=still, valid=~nothing, blink=nothing.astype(np.int64), bilabial=nothing)


def scaled(take: Take, manner: Manner, projector: Float[np.ndarray, "E E"], scale: float) -> Take:
    """The same speech with a mouth that moves `scale` times as much."""
    expression = take.expression + (scale - 1) * (take.expression - manner.rest) @ projector
    return replace(take, expression=expression * take.valid[:, None])


def as_batch(
    take: Take, closed: Bool[np.ndarray, "T"], manner: Manner, scale: float = 1.0, *, identity: bool = False
) -> SpeechMotion:
    """A take as a batch of one."""
    motion = motion_of(take, identity=identity) * take.valid[:, None]
    # torch.tensor copies: what is mapped must not be written to.
    return SpeechMotion(
        content=torch.tensor(take.content)[None],
        pitch=torch.tensor(coarse_pitch(take.pitch))[None],
        blink=torch.tensor(take.blink)[None],
        mouth_amp=torch.tensor([scale * manner.mouth_amp]),
        eye_amp=torch.tensor([manner.eye_amp]),
        inside=torch.ones(1, take.n_frames, dtype=torch.bool),
        expression=torch.tensor(motion.astype(np.float32))[None],
        known=torch.tensor(take.valid)[None],
        closed=torch.tensor(closed)[None],
    )


def collate(items: Sequence[SpeechMotion], longest: int = 0) -> SpeechMotion:
    """Join batches of any lengths to one, padded with zeros (False where boolean).

    Args:
        items: at least one.
        longest: frames to pad to, where an item of another process is longer than all of these.
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


def closures(take: Take, manner: Manner, face: FaceModel) -> Bool[np.ndarray, "T"]:
    """Known frames whose lips are shut in the midst of speech: by p, b or m where that is known."""
    if take.bilabial is not None:
        return take.bilabial & take.valid
    opening = torch.tensor(lip_distance(face, take.expression))
    return spoken_closures(opening, *manner.mouth_range).numpy() & take.valid


def _padded(value: Tensor, rows: int) -> Tensor:
    """Lengthen the second dimension with zeros."""
    missing = value.new_zeros(len(value), rows - value.shape[1], *value.shape[2:])
    return torch.cat([value, missing], 1)
