"""Levels of a multi-resolution grid encoding and their places in the table, as in tiny-cuda-nn's grid.h."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class GridLayout:
    """Levels of a grid encoding and where their entries lie in the table.

    Level l has scale base * b^l - 1 and ceil(scale) + 1 lattice points per side; a coordinate x in [0, 1] maps to x *
    scale + 0.5. A level that fits is stored densely, x fastest; otherwise it is hashed (or tiled). All of this follows
    tiny-cuda-nn's grid.h, in float32.
    """

    dims: int
    levels: int = 16
    base: int = 16
    """Resolution of the coarsest level."""
    finest: int = 512
    """Resolution of the finest level."""
    log2_entries: int = 16
    """Base-2 logarithm of the largest number of entries per level."""
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
        """Lattice points per side of each level, int64 [L]."""
        return np.ceil(self.scales).astype(np.int64) + 1

    @cached_property
    def entries(self) -> np.ndarray:
        """Number of entries of each level, int64 [L]."""
        bound = 2**self.log2_entries if self.kind == "hash" else self.base**self.dims
        dense = [int(r) ** self.dims for r in self.resolutions]
        return np.array([min(-(-d // 8) * 8, bound) for d in dense], np.int64)

    @cached_property
    def offsets(self) -> np.ndarray:
        """First entry of each level, then the total number of entries, int64 [L + 1]."""
        return np.concatenate([[0], np.cumsum(self.entries)])

    @cached_property
    def strides(self) -> np.ndarray:
        """Dense stride of each axis, int64 [L, dims]; 0 where the level is full before that axis (tiled)."""
        strides = np.zeros((self.levels, self.dims), np.int64)
        for level, (resolution, entries) in enumerate(zip(self.resolutions, self.entries, strict=True)):
            stride = 1
            for axis in range(self.dims):
                strides[level, axis] = stride if stride <= entries else 0
                stride = stride * int(resolution) if stride <= entries else stride
        return strides

    @cached_property
    def hashed(self) -> np.ndarray:
        """Whether each level is hashed, bool [L]."""
        fits = np.array([int(r) ** self.dims for r in self.resolutions]) <= self.entries
        return ~fits & (self.kind == "hash")
