"""Occupancy grid: which cells of the box may contain density."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

DECAY = 0.95
"""Factor by which a cell's density decays at each refresh (Instant NGP)."""

THRESHOLD = 0.5
"""Density (per UNIT_CM) from which a cell always counts as occupied: 2 % opacity across a cell of 4 mm."""


UNSEEN = -1.0
"""Density of a cell that was never queried; it counts as occupied."""


class OccupancyGrid(nn.Module):
    """Cells of the box that may be occupied under ANY condition, by a running maximum over conditions.

    An open mouth fills other cells than a closed one, so each refresh queries the field under other conditions and
    keeps the larger of the new density and the old one, which slowly decays. All of it is in the state dict.

    Args:
        cells: number of cells per side.
    """

    def __init__(self, cells: int = 64) -> None:
        super().__init__()
        self.cells = cells
        self.density: Tensor
        self.possible: Tensor
        self.occupied: Tensor
        self.register_buffer("density", torch.full((cells, cells, cells), UNSEEN))
        self.register_buffer("possible", torch.ones(cells, cells, cells, dtype=torch.bool))
        self.register_buffer("occupied", torch.ones(cells, cells, cells, dtype=torch.bool))

    @torch.no_grad()
    def restrict(self, possible: Bool[Tensor, "X Y Z"]) -> None:
        """Reset the grid and limit it to the cells that can contain density (a visual hull, a surface shell)."""
        self.possible.copy_(possible)
        self.occupied.copy_(possible)
        self.density.fill_(UNSEEN)

    @torch.no_grad()
    def refresh(
        self,
        density_at: Callable[[Float[Tensor, "N 3"]], Float[Tensor, "N"]],
        share: float,
        generator: torch.Generator,
    ) -> None:
        """Query the field at a random point in each of a random share of the possible cells.

        Args:
            density_at: density at box coordinates, under conditions that the caller chooses.
            share: share of the possible cells that are queried, in (0, 1].
            generator: random generator for the choice of cells and points.
        """
        candidates = self.possible.flatten().nonzero()[:, 0]
        draw = torch.rand(len(candidates), generator=generator).to(candidates.device)
        chosen = candidates[draw < share]
        if len(chosen) == 0:
            return
        place = torch.rand(len(chosen), 3, generator=generator).to(candidates.device)
        density = density_at((self.corners(chosen) + place) / self.cells)
        flat = self.density.view(-1)
        flat[chosen] = torch.maximum(flat[chosen] * DECAY, density)
        known = flat[candidates]
        threshold = known[known >= 0].mean().clamp_max(THRESHOLD)
        self.occupied.copy_(self.possible & ((self.density > threshold) | (self.density < 0)))
        # A field without any density must stay trainable.
        if not self.occupied.any():
            self.occupied.copy_(self.possible)

    def corners(self, index: Int[Tensor, "N"]) -> Float[Tensor, "N 3"]:
        """Lower corners, in cells, of the cells with the given flat indices."""
        n = self.cells
        return torch.stack([index // (n * n), index // n % n, index % n], -1).float()


def mark_cells(points: Float[Tensor, "N 3"], cells: int) -> Bool[Tensor, "X Y Z"]:
    """Return the grid of cells that contain at least one of the points (box coordinates)."""
    index = (points * cells).long().clamp(0, cells - 1)
    grid = torch.zeros(cells, cells, cells, dtype=torch.bool, device=points.device)
    grid[index[:, 0], index[:, 1], index[:, 2]] = True
    return grid


def dilate_cells(grid: Bool[Tensor, "X Y Z"], radius: int = 1) -> Bool[Tensor, "X Y Z"]:
    """Dilate the grid by `radius` cells in every direction, including diagonals."""
    size = 2 * radius + 1
    return nn.functional.max_pool3d(grid[None, None].float(), size, 1, radius)[0, 0] > 0
