"""Losses of the torso, by the target of each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.radnerf_torso.batch import TorsoBatch
from beavervision.stages.radnerf_torso.targets import TorsoTarget


@dataclass(frozen=True)
class TorsoWeights:
    """Weights of the loss terms; the weight of colour is 1."""

    opacity: float = 0.1
    """Weight of alpha against the label map (RAD-NeRF's entropy weight is 1e-4; labels are more reliable, so theirs is
    larger)."""
    closed: float = 0.5
    """Weight of alpha along the seam and under the head: a gap there shows background inside the neck."""
    under: float = 0.1
    """Weight of the estimated colour under the head; real pixels of other frames, where the head moved away, outweigh
    it."""


def torso_loss(
    rgb: Float[Tensor, "B P 3"], alpha: Float[Tensor, "B P"], batch: TorsoBatch, weights: TorsoWeights
) -> Float[Tensor, ""]:
    """Mean squared error of the visible pixels, plus the terms for the hidden ones.

    - body and empty pixels and the outline between them: torso over the background, against the footage;
    - seam pixels of frames with a rendered head: head over torso over background, against the footage;
    - under the head: the estimated colour; opaque there, on the body and along the seam, empty on the background, and
    unconstrained on the outline.
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
    """1 where a pixel's target is one of `kinds`."""
    wanted = torch.zeros_like(batch.kind, dtype=torch.bool)
    for kind in kinds:
        wanted |= batch.kind == int(kind)
    return wanted.float()
