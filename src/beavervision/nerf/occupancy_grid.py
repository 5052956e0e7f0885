"""Which cells of the box anything can be in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

DECAY = 0.95
"""Share of a cell's density that outlives a refresh (Instant NGP)."""

THRESHOLD = 0.5
"""Density (per UNIT_CM) that always counts as something: 2 % opacity across a cell of 4 mm."""


UNSEEN = -1.0
"""Density of a cell that was never asked; it counts as occupied."""


class OccupancyGrid(nn.Module):
    """Cells of the box that may hold something under ANY condition, by a running maximum over conditions.

    A face that opens its mouth fills other cells than one that shuts it, so each refresh asks the field under
    other conditions and keeps the larger of the new and the (slowly forgotten) old density. Everything is in
    the state dict.

    Args:
        cells: cells a side.
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
        """Start anew from the cells that can hold anything at all (a visual hull, a shell)."""
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
        """Ask the field at a random point of a random share of the possible cells.

        Args:
            density_at: density at box coordinates, under whichever conditions the caller has at hand.
            share: of the possible cells that are asked, in (0, 1].
            generator: decides which cells and where in them.
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
        # A field that has died out everywhere must stay trainable.
        if not self.occupied.any():
            self.occupied.copy_(self.possible)

    def corners(self, index: Int[Tensor, "N"]) -> Float[Tensor, "N 3"]:
        """Lower corner, in cells, of cells given by their flat index."""
        n = self.cells
        return torch.stack([index // (n * n), index // n % n, index % n], -1).float()


def mark_cells(points: Float[Tensor, "N 3"], cells: int) -> Bool[Tensor, "X Y Z"]:
    """Grid whose cells hold at least one of the points (box coordinates)."""
    index = (points * cells).long().clamp(0, cells - 1)
    grid = torch.zeros(cells, cells, cells, dtype=torch.bool, device=points.device)
    grid[index[:, 0], index[:, 1], index[:, 2]] = True
    return grid


def dilate_cells(grid: Bool[Tensor, "X Y Z"], radius: int = 1) -> Bool[Tensor, "X Y Z"]:
    """Grid grown by `radius` cells in every direction, diagonals included."""
    size = 2 * radius + 1
    return nn.functional.max_pool3d(grid[None, None].float(), size, 1, radius)[0, 0] > 0
