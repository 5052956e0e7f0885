"""Surface shell: thin layer of cells around the surface, in which a few samples per ray are enough."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Bool
from torch import Tensor

from beavervision.nerf.occupancy_grid import dilate_cells, mark_cells
from beavervision.nerf.rays import UNIT_CM, pixel_rays
from beavervision.stages.radnerf_head.batch import FrameBatch
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.network import HeadNetwork

OPAQUE = 0.5
"""Opacity from which a pixel has a surface."""

HEIGHT = 112
"""Rows of the depth images: a pixel is then smaller than a cell."""

SAMPLES = 32
"""Samples per ray, more than in training: the depth must be more accurate than the shell's thickness."""


@torch.no_grad()
def find_shell(network: HeadNetwork, frames: Iterable[FrameBatch], radius: int = 1) -> Bool[Tensor, "X Y Z"]:
    """Cells around the median depth of training frames, under all their conditions, dilated by `radius`.

    Measured in a prototype (STAGES.md section 9): 6 % of the box instead of 14 %, and 3 samples per ray then give the
    quality of 16, if training also uses them.

    Args:
        network: network whose surface has converged.
        frames: training frames that cover the face's range of motion.
        radius: dilation of the surface, cells.
    """
    occupancy = network.occupancy
    surface = torch.zeros_like(occupancy.occupied)
    for batch in frames:
        height, width = batch.labels.shape
        shrink = max(1, round(height / HEIGHT))
        condition = network.encode(batch.face.windows, batch.face.eye)
        pose = (batch.cameras / shrink, batch.rotation, batch.translation)
        shown = render_full_frames(network, condition, *pose, (width // shrink, height // shrink), samples=SAMPLES)
        rows, columns = (shown.alpha[0] > OPAQUE).nonzero(as_tuple=True)
        count = len(rows)
        if count == 0:
            continue
        pixels = torch.stack([columns, rows], -1) + 0.5
        cameras, rotation, translation = (value.expand(count, *value.shape[1:]) for value in pose)
        rays = pixel_rays(pixels, cameras, rotation, translation, network.box)
        depth = shown.depth[0, rows, columns] / UNIT_CM
        surface |= mark_cells(rays.origins + rays.directions * depth[:, None], occupancy.cells)
    return dilate_cells(surface, radius) & dilate_cells(occupancy.possible, 1)
