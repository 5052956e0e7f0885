"""Image windows around the head, in blocks of canvas pixels."""

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
    """Camera poses, one row per frame."""

    cameras: Float[Tensor, "B 4"]
    """fx, fy, cx, cy of the canvas, pixels."""
    rotation: Float[Tensor, "B 3 3"]
    """Rotation, head to camera."""
    translation: Float[Tensor, "B 3"]
    """Translation in camera space, cm."""


@dataclass(frozen=True)
class ImageWindows:
    """One window per frame, all of equal size, in blocks of factor x factor canvas pixels."""

    first: Int[Tensor, "B 2"]
    """Column and row of the first block; may lie outside the canvas."""
    size: tuple[int, int]
    """Width and height in blocks."""
    factor: int
    """Side of a block, canvas pixels."""

    def centres(self) -> Float[Tensor, "B h w 2"]:
        """Canvas pixels at the centres of the blocks."""
        width, height = self.size
        device = self.first.device
        y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
        return (self.first[:, None, None] + torch.stack([x, y], -1) + 0.5) * self.factor


@full_precision
def corner_outlines(corners: Float[Tensor, "N 3"], pose: Pose) -> tuple[Float[Tensor, "B 2"], Float[Tensor, "B 2"]]:
    """Bounding box on the canvas (upper left and lower right pixel) of projected points, for each camera.

    Args:
        corners: vertices of a convex body in head space, cm.
        pose: poses of the frames.
    """
    seen = corners @ pose.rotation.transpose(1, 2) + pose.translation[:, None]
    places = seen[..., :2] / seen[..., 2:].clamp_min(1e-3) * pose.cameras[:, None, :2] + pose.cameras[:, None, 2:]
    return places.amin(1), places.amax(1)


def occupied_corners(network: HeadNetwork) -> Float[Tensor, "N 3"]:
    """Vertices of the convex hull of all occupied cells, head space, cm."""
    # Imported here: scipy takes a quarter of a second.
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
