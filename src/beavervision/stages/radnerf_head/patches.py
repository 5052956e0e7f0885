"""Squares of training frames: what is learnt of a pixel together with its neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from beavervision.stages.radnerf_head.ray_sampler import RegionRaySampler


@dataclass(frozen=True)
class PatchSampler:
    """Which squares a step sees."""

    frames: int = 4
    """Squares, each of a frame of its own."""
    blocks: int = 40
    """Blocks along a square's side."""
    factor: int = 1
    """Pixels along a block's side; squares begin where blocks do."""
    mouth_share: float = 0.3
    """Share of the squares that lie round the mouth; the rest anywhere on the head."""
    key: str = "model.fast.frames"
    """The config key that says how many squares, for a sentence about it."""

    def inside(self, size: tuple[int, int]) -> PatchSampler:
        """The same plan with squares that fit a canvas of width and height `size`."""
        return replace(self, blocks=min(self.blocks, min(size) // self.factor))


def sample_patch_corner(
    regions: RegionRaySampler, frame: int, plan: PatchSampler, size: tuple[int, int], draw: np.random.Generator
) -> Int[np.ndarray, "2"]:
    """Column and row of a square's first block: its middle is drawn evenly from the head's or the mouth's box.

    Args:
        regions: of the clip.
        frame: frame of the clip.
        plan: of the squares.
        size: width and height of the canvas, pixels.
        draw: source of chance.
    """
    boxes = regions.mouth if draw.random() < plan.mouth_share else regions.head
    middle = draw.uniform(boxes[frame, :2], boxes[frame, 2:]) / plan.factor
    last = np.array(size) // plan.factor - plan.blocks
    return np.clip(np.floor(middle - plan.blocks / 2).astype(np.int64), 0, last)


def patch_pixels(corner: Int[np.ndarray, "2"], plan: PatchSampler) -> Int[np.ndarray, "P 2"]:
    """Pixels (column, row) of a square, row by row.

    Example:
        >>> square(np.array([1, 0]), PatchSampler(blocks=1, factor=2)).tolist()
        [[2, 0], [3, 0], [2, 1], [3, 1]]
    """
    side = np.arange(plan.blocks * plan.factor)
    columns, rows = np.meshgrid(side, side)
    return np.stack([columns, rows], -1).reshape(-1, 2) + corner * plan.factor
