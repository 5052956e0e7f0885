"""The head that renders fast: few samples a ray, fewer rays than pixels, and a network that fills in the rest."""

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
"""In a bundle, before the names of the fast head's weights."""


@dataclass(frozen=True)
class DistilledSizes:
    """What the fast head is made of."""

    factor: int = 2
    """Pixels of the canvas along a block's side; a ray goes through each block."""
    samples: int = 2
    """Samples a ray."""
    levels: int = 12
    """Levels of the grids: finer ones show less than a block."""
    steps: int = 64
    """Steps in which a ray looks at the occupancy: about a cell each."""
    features: int = 28
    """Channels beside colour and opacity that the upsampler sees."""
    width: int = 48
    """Channels of the upsampler."""
    layers: int = 4
    """Convolutions of the upsampler."""

    @classmethod
    def of_canvas(cls, height: int, rows: int, **numbers: int) -> DistilledSizes:
        """Sizes for a canvas `height` pixels high whose small picture is about `rows` high.

        Example:
            >>> DistilledSizes.of_canvas(512, 256).factor, DistilledSizes.of_canvas(1080, 256).factor
            (2, 4)
        """
        return cls(factor=max(1, round(height / rows)), **numbers)


class DistilledHead(nn.Module):
    """A head network of its own, sampled sparsely, under an upsampler that sees its rendered features.

    The features are some of those that density hands to colour, accumulated along the ray as colour is: what the field
    knows about the place beside what it looks like (Thies et al. 2019, "Deferred Neural Rendering").

    Args:
        network_args: of `HeadNetwork`.
        sizes: of the small picture and the upsampler.
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
        """Colour (premultiplied) and opacity of the windows at the canvas's size; not clamped. Differentiable.

        Args:
            windows: of the frames.
            pose: of the frames.
            condition: of the frames.
            code: appearance codes of the frames.
            jitter: see `sample_rays`; a row for each block of all windows.
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
            found: their samples.
            condition: of each block's frame; or one row, where all are of one frame.
            code: appearance code, likewise.
        """
        shaded = self.field.shade(found.points, found.view, condition, code)
        opaque = torch.ones_like(shaded.density)[..., None]
        values = torch.cat([shaded.rgb, opaque, shaded.features[..., : self.features]], -1)
        return accumulate_along_rays(render_weight_from_density(shaded.density, found.lengths), values)
