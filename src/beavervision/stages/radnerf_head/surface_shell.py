"""The thin shell round the surface, in which a few samples a ray are enough."""

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
"""Rows that are looked at: a pixel is then smaller than a cell."""

SAMPLES = 32
"""Samples a ray, more than in training: the depth must be finer than the shell is thick."""


@torch.no_grad()
def find_shell(network: HeadNetwork, frames: Iterable[FrameBatch], radius: int = 1) -> Bool[Tensor, "X Y Z"]:
    """Cells round the median depth of what training frames show, under all their conditions, grown a little.

    Measured in a prototype (STAGES.md section 9): 6 % of the box instead of 14 %, and then 3 samples a ray do what
    16 did, when they are trained as they are used.

    Args:
        network: trained so far that its surface is where it should be.
        frames: training frames that span what the face does.
        radius: cells that the surface grows on every side.
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
