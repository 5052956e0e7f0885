"""Renders a training step of the field and sums its loss; `losses` has the single terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.rays import pixel_rays
from beavervision.stages.distributed import local_rows, world_size
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.losses import ambient_regularization, mean_error, opacity_entropy, pixel_errors
from beavervision.stages.radnerf_head.network import HeadNetwork, RayRendering
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.targets import PixelTarget


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss term in addition to the mean squared error."""

    entropy: float = 1e-4
    """Weight of the opacity's entropy (RAD-NeRF)."""
    ambient: float = 5e-3
    """Weight of the ambient coordinate where nothing moves."""
    pose: float = 1e-4
    """Weight of the pose correction."""


class LossTerms(NamedTuple):
    """Loss of a step's pixels."""

    loss: Float[Tensor, ""]
    mse: Float[Tensor, ""]
    """Mean squared error of the pixels, one term of the loss."""
    errors: Float[Tensor, "R"]
    """Squared error of each pixel, without gradient."""


def render_batch(
    network: HeadNetwork, batch: RayBatch, condition: Float[Tensor, "F C"], generator: torch.Generator
) -> RayRendering:
    """Render the pixels of a batch with the condition, pose and code of their frames. Differentiable.

    Args:
        network: the head network.
        batch: pixels and poses.
        condition: conditions of the batch's frames.
        generator: random generator of the samples' positions.
    """
    frames, count = batch.pixels.shape[:2]
    device = batch.pixels.device
    jitter = local_rows(torch.rand(frames * count * world_size(), network.budget, generator=generator)).to(device)
    rows = torch.arange(frames, device=device).repeat_interleave(count)
    rays = pixel_rays(
        batch.pixels.flatten(0, 1), batch.cameras[rows], batch.rotation[rows], batch.translation[rows], network.box
    )
    return network(rays, condition[rows], network.codes(batch.frame)[rows], jitter)


def compute_losses(shown: RayRendering, batch: RayBatch, generator: torch.Generator, weights: LossWeights) -> LossTerms:
    """Loss of rendered pixels.

    Args:
        shown: rendered pixels of the batch.
        batch: pixels of the footage.
        generator: random generator of the colour behind each pixel.
        weights: weights of the other terms.
    """
    target = batch.target.flatten()
    colours = local_rows(torch.rand(len(target) * world_size(), 3, generator=generator)).to(target.device)
    errors = pixel_errors(shown.rgb, shown.alpha, batch, colours)
    mse = mean_error(errors, target)
    still = ~batch.moves.flatten() & (target != PixelTarget.IGNORED)
    loss = mse + weights.entropy * opacity_entropy(shown.alpha)
    return LossTerms(loss + weights.ambient * ambient_regularization(shown.ambient, still), mse, errors.detach())


def compute_patch_losses(
    network: HeadNetwork, batch: RayBatch, generator: torch.Generator, perceptual: PerceptualLoss
) -> Float[Tensor, ""]:
    """Perceptual loss of patches, weighted.

    Args:
        network: the head network.
        batch: patches, see `HeadData.patch_batch`, with poses.
        generator: random generator of the samples' positions.
        perceptual: the perceptual loss.
    """
    shown = render_batch(network, batch, network.encode(batch.face.windows, batch.face.eye), generator)
    return perceptual(torch.cat([shown.rgb, shown.alpha[:, None]], 1), batch)
