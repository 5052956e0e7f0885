"""Random square patches of training frames, for losses that need neighbouring pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from beavervision.stages.radnerf_head.ray_sampler import RegionRaySampler


@dataclass(frozen=True)
class PatchSampler:
    """Number, size and position of the patches of a step."""

    frames: int = 4
    """Number of patches, each from another frame."""
    blocks: int = 40
    """Side of a patch in blocks."""
    factor: int = 1
    """Side of a block in pixels; patches are aligned to blocks."""
    mouth_share: float = 0.3
    """Share of the patches around the mouth; the others are anywhere on the head."""
    key: str = "model.fast.frames"
    """Config key of the number of patches, for error messages."""

    def inside(self, size: tuple[int, int]) -> PatchSampler:
        """Return the same sampler with patches that fit a canvas of width and height `size`."""
        return replace(self, blocks=min(self.blocks, min(size) // self.factor))


def sample_patch_corner(
    regions: RegionRaySampler, frame: int, plan: PatchSampler, size: tuple[int, int], rng: np.random.Generator
) -> Int[np.ndarray, "2"]:
    """Column and row of a patch's first block; its centre is drawn uniformly from the head's or the mouth's box.

    Args:
        regions: boxes of the clip.
        frame: frame of the clip.
        plan: sizes of the patches.
        size: width and height of the canvas, pixels.
        rng: random generator.
    """
    boxes = regions.mouth if rng.random() < plan.mouth_share else regions.head
    middle = rng.uniform(boxes[frame, :2], boxes[frame, 2:]) / plan.factor
    last = np.array(size) // plan.factor - plan.blocks
    return np.clip(np.floor(middle - plan.blocks / 2).astype(np.int64), 0, last)


def patch_pixels(corner: Int[np.ndarray, "2"], plan: PatchSampler) -> Int[np.ndarray, "P 2"]:
    """Pixels (column, row) of a patch, row by row.

    Example:
        >>> patch_pixels(np.array([1, 0]), PatchSampler(blocks=1, factor=2)).tolist()
        [[2, 0], [3, 0], [2, 1], [3, 1]]
    """
    side = np.arange(plan.blocks * plan.factor)
    columns, rows = np.meshgrid(side, side)
    return np.stack([columns, rows], -1).reshape(-1, 2) + corner * plan.factor
