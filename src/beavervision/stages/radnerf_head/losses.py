"""Loss terms of the head: pixel error, opacity entropy, ambient regularization; `loss_terms` sums them."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from beavervision.stages.distributed import weighted_mean
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.targets import PixelTarget


def pixel_errors(
    rgb: Float[Tensor, "R 3"], alpha: Float[Tensor, "R"], batch: RayBatch, random_colours: Float[Tensor, "R 3"]
) -> Float[Tensor, "R"]:
    """Squared error of each pixel over the background of its target; 0 for ignored pixels.

    Over a random colour the error is only small if alpha is 1 on the head, 0 on empty pixels, and equal to the matte on
    an outline with unknown background; see `PixelTarget`.

    Args:
        rgb: rendered colour, premultiplied.
        alpha: rendered opacity.
        batch: pixels of the footage, with their targets.
        random_colours: one colour per pixel, in [0, 1].
    """
    truth, kind, matte = batch.rgb.flatten(0, 1), batch.target.flatten()[:, None], batch.matte.flatten()[:, None]
    over = torch.where(kind == PixelTarget.FREE, truth, random_colours)
    over = torch.where(kind == PixelTarget.EDGE, batch.behind.flatten(0, 1), over)
    wanted = torch.where(kind == PixelTarget.EMPTY, random_colours, truth)
    wanted = torch.where(kind == PixelTarget.SOFT, matte * truth + (1 - matte) * random_colours, wanted)
    error = (rgb + (1 - alpha[:, None]) * over - wanted).square().mean(1)
    return error * (kind[:, 0] != PixelTarget.IGNORED)


def mean_error(errors: Float[Tensor, "R"], target: UInt8[Tensor, "R"]) -> Float[Tensor, ""]:
    """Mean of `pixel_errors` over the pixels that are not ignored."""
    counted = (target != PixelTarget.IGNORED).to(errors.dtype)
    return weighted_mean(errors, counted, least=1)


def opacity_entropy(alpha: Float[Tensor, "R"]) -> Float[Tensor, ""]:
    """Mean binary entropy of the rays' opacity in bits: 0 for clear and for opaque rays (RAD-NeRF, equation 8)."""
    a = alpha.clamp(1e-5, 1 - 1e-5)
    return -(a * a.log2() + (1 - a) * (1 - a).log2()).mean()


def ambient_regularization(ambient: Float[Tensor, "R"], moves: Bool[Tensor, "R"]) -> Float[Tensor, ""]:
    """Mean ambient magnitude where the expression should have no effect.

    The ambient coordinate is a tanh, so the term is bounded. Its weight is constant; the reference adapts its weight
    without bound and can end in NaN.

    Args:
        ambient: ambient magnitude of each ray, in [0, 1].
        moves: whether each ray shows mouth or eyes.
    """
    still = (~moves).to(ambient.dtype)
    return weighted_mean(ambient, still, least=1)
