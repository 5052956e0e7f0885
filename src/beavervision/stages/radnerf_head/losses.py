"""Losses of the head."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from beavervision.stages.radnerf_head.targets import Target
from beavervision.stages.ranks import weighted_mean


def photometric(
    rgb: Float[Tensor, "R 3"],
    alpha: Float[Tensor, "R"],
    truth: Float[Tensor, "R 3"],
    behind: Float[Tensor, "R 3"],
    chance: Float[Tensor, "R 3"],
    target: UInt8[Tensor, "R"],
) -> Float[Tensor, ""]:
    """Mean squared error of each pixel over the background that its target calls for.

    Over a random colour only alpha 1 can show the head and only alpha 0 can show nothing; see `Target`.

    Args:
        rgb: rendered, premultiplied.
        alpha: rendered.
        truth: footage.
        behind: plate.
        chance: a random colour for each pixel.
        target: what each pixel asks for.
    """
    kind = target[:, None]
    over = torch.where(kind == Target.FREE, truth, chance)
    over = torch.where(kind == Target.EDGE, behind, over)
    wanted = torch.where(kind == Target.EMPTY, chance, truth)
    error = (rgb + (1 - alpha[:, None]) * over - wanted).square().mean(1)
    counted = (target != Target.IGNORED).to(error.dtype)
    return weighted_mean(error, counted, least=1)


def opacity_entropy(alpha: Float[Tensor, "R"]) -> Float[Tensor, ""]:
    """Mean binary entropy of the rays' opacity in bits: 0 where rays are clear or opaque (RAD-NeRF, equation 8)."""
    a = alpha.clamp(1e-5, 1 - 1e-5)
    return -(a * a.log2() + (1 - a) * (1 - a).log2()).mean()


def idle_ambient(ambient: Float[Tensor, "R"], moves: Bool[Tensor, "R"]) -> Float[Tensor, ""]:
    """Mean ambient magnitude where the face's expression should change nothing.

    Bounded by nature (the ambient coordinate is a tanh), with a constant weight: the reference adapts its weight
    without bound and can end in NaN.

    Args:
        ambient: of each ray, in [0, 1].
        moves: rays that show mouth or eyes.
    """
    still = (~moves).to(ambient.dtype)
    return weighted_mean(ambient, still, least=1)
