"""Tri-plane encoding (Li et al. 2023, "ER-NeRF", section 3.2): fewer collisions and parameters than a volume."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.grid import INIT, GridEncoding
from beavervision.nerf.grid_layout import GridLayout

AXES = {"xy": (0, 1), "yz": (1, 2), "xz": (0, 2)}
"""Coordinates onto which each plane projects."""


class TriplaneEncoding(nn.Module):
    """Encodes points by their projections on the three coordinate planes, each with a 2-D grid.

    Args:
        layout: layout of each plane, with `dims` 2.
        backend: backend of the grids.
        seed: seed of the initial tables.
        init: bound of the initial entries.

    Example:
        >>> encoding = TriplaneEncoding(GridLayout(dims=2, levels=3, finest=32, features=1), backend="torch")
        >>> encoding(torch.rand(5, 3)).shape
        torch.Size([5, 9])
    """

    def __init__(self, layout: GridLayout, backend: str = "auto", seed: int = 0, init: float = INIT) -> None:
        super().__init__()
        self.planes = nn.ModuleDict(
            {name: GridEncoding(layout, backend, seed + i, init) for i, name in enumerate(AXES)}
        )

    @property
    def grids(self) -> list[GridEncoding]:
        """The grids of the planes in the order of their features: xy, yz, xz."""
        return [plane for plane in self.planes.values() if isinstance(plane, GridEncoding)]

    @property
    def width(self) -> int:
        """Number of features of a point."""
        return sum(plane.width for plane in self.grids)

    @property
    def backend(self) -> str:
        """Name of the backend of the planes."""
        return self.grids[0].backend

    @backend.setter
    def backend(self, name: str) -> None:
        for plane in self.grids:
            plane.backend = name

    def forward(self, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n C"]:
        """Encode points.

        Args:
            points: coordinates in [0, 1], both ends included.

        Raises:
            ValueError: when a coordinate is not finite or outside [0, 1].
        """
        seen = zip(self.grids, AXES.values(), strict=True)
        return torch.cat([plane(points[..., list(axes)]) for plane, axes in seen], -1)
