"""What a torso is asked for, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.radnerf_torso.batch import TorsoBatch
from beavervision.stages.radnerf_torso.targets import TorsoTarget


@dataclass(frozen=True)
class TorsoWeights:
    """Weights of the loss's parts; the colour's is 1."""

    opacity: float = 0.1
    """Of alpha against the label map (the reference's weight entropy is 1e-4; labels say more, so they weigh more)."""
    closed: float = 0.5
    """Of alpha along the seam and under the head: a gap there shows background inside the neck."""
    under: float = 0.1
    """Of the colour guessed under the head: real pixels of other frames, where the head gave way, outweigh it."""


def torso_loss(
    rgb: Float[Tensor, "B P 3"], alpha: Float[Tensor, "B P"], batch: TorsoBatch, weights: TorsoWeights
) -> Float[Tensor, ""]:
    """Mean squared error of what can be seen, plus what is known of the rest.

    - body and empty pixels and the outline between them: torso over the background against the picture;
    - seam pixels of frames whose head is rendered: head over torso over background against the picture;
    - under the head: the guessed colour; opaque there, on the body and along the seam, empty on the background, and
      as it comes on the outline.
    """
    torso = alpha[..., None] * rgb + (1 - alpha[..., None]) * batch.background
    whole = batch.head_rgb + (1 - batch.head_alpha[..., None]) * torso
    plain = _is(batch, TorsoTarget.BODY, TorsoTarget.EMPTY, TorsoTarget.EDGE)
    seam = _is(batch, TorsoTarget.SEAM) * batch.has_head[:, None]
    under = _is(batch, TorsoTarget.UNDER)
    body, closed = _is(batch, TorsoTarget.BODY), _is(batch, TorsoTarget.UNDER, TorsoTarget.SEAM)
    per_pixel = (
        plain * _square(torso - batch.colour)
        + seam * _square(whole - batch.colour)
        + weights.under * under * _square(rgb - batch.colour)
        + weights.opacity * (body * (1 - alpha) ** 2 + _is(batch, TorsoTarget.EMPTY) * alpha**2)
        + weights.closed * closed * (1 - alpha) ** 2
    )
    return per_pixel.mean()


def _square(difference: Float[Tensor, "B P 3"]) -> Float[Tensor, "B P"]:
    return (difference**2).mean(-1)


def _is(batch: TorsoBatch, *kinds: TorsoTarget) -> Float[Tensor, "B P"]:
    """1 where a pixel is of one of `kinds`."""
    wanted = torch.zeros_like(batch.kind, dtype=torch.bool)
    for kind in kinds:
        wanted |= batch.kind == int(kind)
    return wanted.float()
