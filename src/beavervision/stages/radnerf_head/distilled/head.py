"""The distilled head: few samples per ray, one ray per block of pixels, and an upsampling network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.volume_rendering import accumulate_along_rays, render_weight_from_density
from beavervision.stages.radnerf_head.distilled.block_sampler import BlockSamples, sample_blocks
from beavervision.stages.radnerf_head.distilled.initialization import drop_fine_levels
from beavervision.stages.radnerf_head.distilled.upsampler import Upsampler
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose
from beavervision.stages.radnerf_head.network import HeadNetwork

FAST = "fast."
"""Prefix of the distilled head's weights in a bundle."""


@dataclass(frozen=True)
class DistilledSizes:
    """Sizes of the distilled head."""

    factor: int = 2
    """Side of a block in canvas pixels; there is one ray per block."""
    samples: int = 2
    """Samples per ray."""
    levels: int = 12
    """Number of grid levels: finer ones would resolve less than a block."""
    steps: int = 64
    """Number of occupancy queries per ray: about one per cell."""
    features: int = 28
    """Number of feature channels for the upsampler, in addition to colour and opacity."""
    width: int = 48
    """Hidden channels of the upsampler."""
    layers: int = 4
    """Number of convolutions of the upsampler."""

    @classmethod
    def of_canvas(cls, height: int, rows: int, **numbers: int) -> DistilledSizes:
        """Sizes for a canvas `height` pixels high whose low-resolution image has about `rows` rows.

        Example:
            >>> DistilledSizes.of_canvas(512, 256).factor, DistilledSizes.of_canvas(1080, 256).factor
            (2, 4)
        """
        return cls(factor=max(1, round(height / rows)), **numbers)


class DistilledHead(nn.Module):
    """A separate head network with sparse samples, followed by an upsampler that uses its rendered features.

    The features are a part of the geometry features, accumulated along the ray like colour: they describe the point
    beyond its colour (Thies et al. 2019, "Deferred Neural Rendering").

    Args:
        network_args: keyword arguments of `HeadNetwork`.
        sizes: sizes of the low-resolution image and the upsampler.
    """

    def __init__(self, network_args: dict[str, Any], sizes: DistilledSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.field = HeadNetwork(**{**drop_fine_levels(network_args, sizes.levels), "shell_samples": sizes.samples})
        self.field.steps = sizes.steps
        self.features = min(sizes.features, self.field.colour.first.in_features)
        with torch.random.fork_rng():
            torch.manual_seed(network_args.get("seed", 0))
            self.upsampler = Upsampler(self.features, sizes.factor, sizes.width, sizes.layers)

    def forward(
        self,
        windows: ImageWindows,
        pose: Pose,
        condition: Float[Tensor, "B K"],
        code: Float[Tensor, "B code"],
        jitter: Float[Tensor, "R S"],
    ) -> Float[Tensor, "B 4 H W"]:
        """Colour (premultiplied) and opacity of the windows at canvas resolution, not clamped. Differentiable.

        Args:
            windows: windows of the frames.
            pose: poses of the frames.
            condition: conditions of the frames.
            code: appearance codes of the frames.
            jitter: see `sample_rays`; one row per block of all windows.
        """
        found = sample_blocks(self.field, windows, pose, jitter)
        width, height = windows.size
        count = len(condition) * width * height
        frame = found.block // (width * height)
        seen = self.shade(found, condition[frame], code[frame])
        small = seen.new_zeros(count, seen.shape[1]).index_copy(0, found.block, seen)
        return self.upsampler(small.reshape(-1, height, width, seen.shape[1]).permute(0, 3, 1, 2))

    def shade(
        self, found: BlockSamples, condition: Float[Tensor, "F K"], code: Float[Tensor, "F code"]
    ) -> Float[Tensor, "N C"]:
        """Colour, opacity and features of blocks.

        Args:
            found: samples of the blocks.
            condition: condition of each block's frame, or one row if all blocks are of one frame.
            code: appearance code of each block's frame, or one row if all blocks are of one frame.
        """
        shaded = self.field.shade(found.points, found.view, condition, code)
        opaque = torch.ones_like(shaded.density)[..., None]
        values = torch.cat([shaded.rgb, opaque, shaded.features[..., : self.features]], -1)
        return accumulate_along_rays(render_weight_from_density(shaded.density, found.lengths), values)
