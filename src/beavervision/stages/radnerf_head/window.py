"""Windows of the canvas in which the head is, and the small pictures that are rendered of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from beavervision.nerf.precision import exact
from beavervision.stages.radnerf_head.network import HeadNetwork

CORNERS = torch.tensor([[i >> axis & 1 for axis in range(3)] for i in range(8)], dtype=torch.bool)


@dataclass(frozen=True)
class Pose:
    """Where cameras stand; one row a frame."""

    cameras: Float[Tensor, "B 4"]
    """fx, fy, cx, cy of the canvas, pixels."""
    rotation: Float[Tensor, "B 3 3"]
    """Head to camera."""
    translation: Float[Tensor, "B 3"]
    """cm, camera space."""


@dataclass(frozen=True)
class Windows:
    """One window of each frame, all of one size, in blocks of factor x factor pixels of the canvas."""

    first: Int[Tensor, "B 2"]
    """Column and row of the first block; may lie outside the canvas."""
    size: tuple[int, int]
    """Width and height in blocks."""
    factor: int
    """Pixels of the canvas along a block's side."""

    def centres(self) -> Float[Tensor, "B h w 2"]:
        """Canvas pixels of the blocks' centres."""
        width, height = self.size
        device = self.first.device
        y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
        return (self.first[:, None, None] + torch.stack([x, y], -1) + 0.5) * self.factor


@exact
def outlines(network: HeadNetwork, pose: Pose) -> tuple[Float[Tensor, "B 2"], Float[Tensor, "B 2"]]:
    """Upper left and lower right canvas pixel of the box round all occupied cells, as each camera sees it."""
    low, high = _occupied_corners(network)
    corners = torch.where(CORNERS.to(low.device), high, low)
    seen = corners @ pose.rotation.transpose(1, 2) + pose.translation[:, None]
    places = seen[..., :2] / seen[..., 2:].clamp_min(1e-3) * pose.cameras[:, None, :2] + pose.cameras[:, None, 2:]
    return places.amin(1), places.amax(1)


def _occupied_corners(network: HeadNetwork) -> tuple[Tensor, Tensor]:
    """Corners, in cm, of the box round all occupied cells."""
    found = network.occupancy.occupied.nonzero()
    size = (network.box[1] - network.box[0]) / network.occupancy.cells
    return network.box[0] + found.amin(0) * size, network.box[0] + (found.amax(0) + 1) * size
