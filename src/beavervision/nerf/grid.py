"""Multi-resolution grid encoding in tiny-cuda-nn's memory layout, so that every backend uses the same table."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.errors import NotFiniteError
from beavervision.nerf.backends.registry import load_backend
from beavervision.nerf.grid_layout import GridLayout

INIT = 1e-4
"""Tables are initialised uniformly in +-INIT by default (Mueller et al. 2022, "Instant NGP", section 4)."""


class GridEncoding(nn.Module):
    """Encodes points by linear interpolation in a table of learned lattice values, level by level.

    Args:
        layout: the levels.
        backend: "torch", "numba", "tinycudann" or "auto"; a trained table works with all of them.
        seed: seed of the initial table.
        init: bound of the initial entries.

    Example:
        >>> encoding = GridEncoding(GridLayout(dims=3, levels=2, finest=32), backend="torch")
        >>> encoding(torch.rand(5, 3)).shape
        torch.Size([5, 4])
    """

    def __init__(self, layout: GridLayout, backend: str = "auto", seed: int = 0, init: float = INIT) -> None:
        super().__init__()
        self.layout, self.backend = layout, backend
        start = torch.rand(int(layout.offsets[-1]), layout.features, generator=torch.Generator().manual_seed(seed))
        self.table = nn.Parameter((2 * start - 1) * init)

    @property
    def width(self) -> int:
        """Number of features of a point."""
        return self.layout.levels * self.layout.features

    def forward(self, points: Float[Tensor, "*n D"]) -> Float[Tensor, "*n C"]:
        """Encode points.

        Args:
            points: coordinates in [0, 1], both ends included.

        Raises:
            ValueError: when a coordinate is not finite or outside [0, 1].
        """
        _check(points.detach())
        flat = points.reshape(-1, self.layout.dims)
        backend = load_backend(self.backend, flat.device)
        return backend.encode(flat, self.table, self.layout).reshape(*points.shape[:-1], self.width)


def _check(points: Tensor) -> None:
    """Raise for points outside the grid: the kernels do not check bounds when they read and write."""
    if points.numel() == 0:
        return
    low, high = torch.aminmax(points)
    if not (low >= 0 and high <= 1):
        if not torch.isfinite(low + high):
            raise NotFiniteError("grid encoding: a coordinate is not finite")
        raise ValueError(f"grid encoding: a coordinate is outside [0, 1] ({low:.3g} to {high:.3g})")
