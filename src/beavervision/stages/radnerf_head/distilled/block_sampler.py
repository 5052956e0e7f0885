"""Ray samples for the blocks of image windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from beavervision.nerf.backends.registry import resolve
from beavervision.nerf.rays import UNIT_CM, pixel_rays
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose
from beavervision.stages.radnerf_head.network import HeadNetwork


@dataclass(frozen=True)
class BlockSamples:
    """Samples of the blocks whose rays hit occupied space."""

    block: Int[Tensor, "N"]
    """Index of each block among those of all windows, row by row."""
    points: Float[Tensor, "N S 3"]
    """Box coordinates."""
    view: Float[Tensor, "N 3"]
    """Direction of the ray in head space."""
    lengths: Float[Tensor, "N"]
    """Length of ray that each sample covers, in units of UNIT_CM."""

    def __getitem__(self, part: slice) -> BlockSamples:
        """Select some of the blocks."""
        return BlockSamples(self.block[part], self.points[part], self.view[part], self.lengths[part])


def sample_blocks(field: HeadNetwork, windows: ImageWindows, pose: Pose, jitter: Float[Tensor, "R S"]) -> BlockSamples:
    """Samples of the blocks, with any jitter; the reference for `BlockMarcher`.

    Args:
        field: network with the box and the occupancy grid.
        windows: windows of the frames.
        pose: poses of the frames.
        jitter: see `sample_rays`; one row per block of all windows.
    """
    width, height = windows.size
    frame = torch.arange(len(windows.first), device=jitter.device).repeat_interleave(width * height)
    pixels = windows.centres().reshape(-1, 2)
    rays = pixel_rays(pixels, pose.cameras[frame], pose.rotation[frame], pose.translation[frame], field.box)
    found = field.find(rays, jitter)
    points = rays.origins[found.ray][:, None] + rays.directions[found.ray][:, None] * found.depths[..., None]
    return BlockSamples(found.ray, points, rays.view[found.ray], found.lengths)


class BlockMarcher:
    """Samples in the middles of their strata, for rendering; on the CPU by numba's kernels if that backend is selected.

    Args:
        field: network with the box, the occupancy grid and the backend; they must not change afterwards.
    """

    def __init__(self, field: HeadNetwork) -> None:
        self._field = field
        device = field.box.device
        self._clear = _clearance(field) if resolve(field.backend, device) == "numba" else None

    def __call__(self, windows: ImageWindows, pose: Pose) -> BlockSamples:
        """Samples of the windows' blocks."""
        field = self._field
        width, height = windows.size
        count = len(windows.first) * width * height
        if self._clear is None:
            return sample_blocks(field, windows, pose, torch.full((count, field.budget), 0.5, device=field.box.device))
        from beavervision.nerf.backends import numba_window

        depths, lengths = torch.empty(count, field.budget), torch.empty(count)
        where = (windows.first, pose.cameras, pose.rotation, pose.translation, field.box)
        first, cameras, rotation, translation, box = (value.contiguous().numpy() for value in where)
        seen = (first, width, height, windows.factor, cameras, rotation, translation, box)
        longest = field.shell_cm / UNIT_CM if field.in_shell else float("inf")
        numba_window.march(*seen, self._clear, field.steps, longest, depths.numpy(), lengths.numpy())
        block = lengths.nonzero()[:, 0]
        points, view = torch.empty(len(block), field.budget, 3), torch.empty(len(block), 3)
        numba_window.place(*seen, block.numpy(), depths.numpy(), points.numpy(), view.numpy())
        return BlockSamples(block, points, view, lengths[block])


def _clearance(field: HeadNetwork) -> UInt8[np.ndarray, "X Y Z"]:
    """Chessboard distance, in cells, of each cell to the nearest occupied one."""
    # Imported here: scipy takes a quarter of a second, and only renderers need it.
    from scipy.ndimage import distance_transform_cdt

    # Bytes, so that the whole grid fits in a core's cache.
    distance = np.asarray(distance_transform_cdt(~field.occupancy.occupied.numpy(), "chessboard"))
    return np.clip(distance, 0, 255).astype(np.uint8)
