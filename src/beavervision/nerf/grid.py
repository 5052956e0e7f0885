"""Multi-resolution grid encoding in tiny-cuda-nn's memory layout, so that one table serves every backend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.errors import NotFiniteError
from beavervision.nerf.backends.registry import load_backend

INIT = 1e-4
"""Tables start uniform in +-INIT unless told otherwise (Mueller et al. 2022, "Instant NGP", section 4)."""


@dataclass(frozen=True)
class GridLayout:
    """Levels of a grid encoding and where their entries lie in the table.

    Level l has scale base * b^l - 1 and ceil(scale) + 1 lattice points a side; a coordinate x in [0, 1] stands at
    x * scale + 0.5. A level that fits is stored densely, x fastest, otherwise hashed (or tiled). All as in
    tiny-cuda-nn's grid.h, in float32 as there.
    """

    dims: int
    levels: int = 16
    base: int = 16
    """Resolution of the coarsest level."""
    finest: int = 512
    """Resolution of the finest level."""
    log2_entries: int = 16
    """Upper bound of a hashed level's entries."""
    features: int = 2
    kind: Literal["hash", "tiled"] = "hash"

    @property
    def growth(self) -> float:
        """Factor b between the resolutions of neighbouring levels."""
        return 1.0 if self.levels == 1 else (self.finest / self.base) ** (1 / (self.levels - 1))

    @cached_property
    def scales(self) -> Float[np.ndarray, "L"]:
        """Scale of each level."""
        steps = np.arange(self.levels, dtype=np.float32) * np.log2(np.float32(self.growth))
        return np.exp2(steps) * np.float32(self.base) - np.float32(1)

    @cached_property
    def resolutions(self) -> np.ndarray:
        """Lattice points a side, int64 [L]."""
        return np.ceil(self.scales).astype(np.int64) + 1

    @cached_property
    def entries(self) -> np.ndarray:
        """Entries of each level, int64 [L]."""
        bound = 2**self.log2_entries if self.kind == "hash" else self.base**self.dims
        dense = [int(r) ** self.dims for r in self.resolutions]
        return np.array([min(-(-d // 8) * 8, bound) for d in dense], np.int64)

    @cached_property
    def offsets(self) -> np.ndarray:
        """First entry of each level, and the number of all, int64 [L + 1]."""
        return np.concatenate([[0], np.cumsum(self.entries)])

    @cached_property
    def strides(self) -> np.ndarray:
        """Dense stride of each axis, int64 [L, dims]; 0 where the level overflowed before that axis (tiled)."""
        strides = np.zeros((self.levels, self.dims), np.int64)
        for level, (resolution, entries) in enumerate(zip(self.resolutions, self.entries, strict=True)):
            stride = 1
            for axis in range(self.dims):
                strides[level, axis] = stride if stride <= entries else 0
                stride = stride * int(resolution) if stride <= entries else stride
        return strides

    @cached_property
    def hashed(self) -> np.ndarray:
        """Whether a level is hashed, bool [L]."""
        fits = np.array([int(r) ** self.dims for r in self.resolutions]) <= self.entries
        return ~fits & (self.kind == "hash")


class GridEncoding(nn.Module):
    """Features of points from a table of learned lattice values, interpolated linearly, level by level.

    Args:
        layout: the levels.
        backend: "torch", "numba", "tinycudann" or "auto"; a table trained with one serves all.
        seed: of the initial table.
        init: bound of its entries.

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
            ValueError: when a coordinate is not finite, or outside.
        """
        _check(points.detach())
        flat = points.reshape(-1, self.layout.dims)
        backend = load_backend(self.backend, flat.device)
        return backend.encode(flat, self.table, self.layout).reshape(*points.shape[:-1], self.width)


def _check(points: Tensor) -> None:
    """Refuse what has no cell: kernels read and write wherever a coordinate points."""
    if points.numel() == 0:
        return
    low, high = torch.aminmax(points)
    if not (low >= 0 and high <= 1):
        if not torch.isfinite(low + high):
            raise NotFiniteError("grid encoding: a coordinate is not finite")
        raise ValueError(f"grid encoding: a coordinate is outside [0, 1] ({low:.3g} to {high:.3g})")
