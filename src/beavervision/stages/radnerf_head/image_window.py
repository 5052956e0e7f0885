"""Windows of the canvas in which the head is, and the small pictures that are rendered of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from beavervision.nerf.precision import full_precision
from beavervision.stages.radnerf_head.network import HeadNetwork


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
class ImageWindows:
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


@full_precision
def corner_outlines(corners: Float[Tensor, "N 3"], pose: Pose) -> tuple[Float[Tensor, "B 2"], Float[Tensor, "B 2"]]:
    """Upper left and lower right canvas pixel of what lies between some points, as each camera sees it.

    Args:
        corners: of something convex, head space, cm.
        pose: of the frames.
    """
    seen = corners @ pose.rotation.transpose(1, 2) + pose.translation[:, None]
    places = seen[..., :2] / seen[..., 2:].clamp_min(1e-3) * pose.cameras[:, None, :2] + pose.cameras[:, None, 2:]
    return places.amin(1), places.amax(1)


def occupied_corners(network: HeadNetwork) -> Float[Tensor, "N 3"]:
    """Corners, head space, cm, of the convex hull of all occupied cells."""
    # Imported here: scipy costs a quarter of a second.
    from scipy.spatial import ConvexHull

    occupied = network.occupancy.occupied.cpu().numpy()
    x, y = np.nonzero(occupied.any(2))
    columns = occupied[x, y]
    low, high = columns.argmax(1), occupied.shape[2] - columns[:, ::-1].argmax(1)
    ends = [np.stack([x + a, y + b, z], 1) for a in (0, 1) for b in (0, 1) for z in (low, high)]
    points = np.unique(np.concatenate(ends), axis=0)
    corners = torch.tensor(points[ConvexHull(points).vertices], dtype=torch.float32, device=network.box.device)
    box = network.box
    return box[0] + corners / network.occupancy.cells * (box[1] - box[0])
