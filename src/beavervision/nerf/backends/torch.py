"""Kernels in plain PyTorch: any device, differentiable to any order, the reference for every other backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from itertools import product
from operator import add, xor
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.nerf.backends.fused import FusedNetwork, FusedSizes
from beavervision.nerf.grid_layout import GridLayout

PRIMES = (1, 2654435761, 805459861, 3674653429)
"""Factors of the spatial hash, one per axis (tiny-cuda-nn, common.h)."""

UINT32 = 0xFFFFFFFF


class Level(NamedTuple):
    """One level of a grid as plain numbers, which torch.compile treats as constants."""

    scale: float
    strides: tuple[int, ...]
    hashed: bool
    entries: int
    first: int
    """Table row of the level's first entry."""


@lru_cache(maxsize=32)
def levels_of(layout: GridLayout) -> tuple[Level, ...]:
    """The levels of a layout, coarsest first."""
    columns = (layout.scales, layout.strides, layout.hashed, layout.entries, layout.offsets[:-1])
    return tuple(Level(s, tuple(t), h, e, o) for s, t, h, e, o in zip(*(c.tolist() for c in columns), strict=True))


def entry_index(cells: Int[Tensor, "*n D"], level: Level) -> Int[Tensor, "*n"]:
    """Index of lattice points' entries within a level."""
    if level.hashed:
        axes = (cells[..., axis] * PRIMES[axis] & UINT32 for axis in range(len(level.strides)))
        index = reduce(xor, axes)
    else:
        index = reduce(add, (cells[..., axis] * stride for axis, stride in enumerate(level.strides)))
    # Modulo in the dense case too: at x = 1 the upper corner lies one past the lattice and wraps.
    return index % level.entries


def encode_levels(
    points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], levels: tuple[Level, ...]
) -> Float[Tensor, "N C"]:
    """Grid features of points in [0, 1], level by level."""
    corners = torch.tensor(list(product((0, 1), repeat=len(levels[0].strides))), device=points.device)
    features = []
    for level in levels:
        position = points * level.scale + 0.5
        floor = position.detach().floor()
        fraction = (position - floor)[:, None]
        # [N, 2^D]: product over the axes of f or 1 - f
        weights = torch.where(corners.bool(), fraction, 1 - fraction).prod(-1)
        index = entry_index(floor.long()[:, None] + corners, level)
        features.append((weights[..., None] * table[level.first + index]).sum(1))
    return torch.cat(features, -1)


class TorchBackend:
    """Reference implementation."""

    name = "torch"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable in both arguments."""
        return encode_levels(points, table, levels_of(layout))

    def fused(self, sizes: FusedSizes, device: torch.device) -> FusedNetwork | None:
        """Return None: this backend has no fused network, layers are computed one after another."""
        return None

    def march(
        self,
        origins: Float[Tensor, "R 3"],
        directions: Float[Tensor, "R 3"],
        near: Float[Tensor, "R"],
        far: Float[Tensor, "R"],
        occupied: Bool[Tensor, "X Y Z"],
        jitter: Float[Tensor, "R S"],
        steps: int,
        longest: float,
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R"]]:
        """Spread samples evenly over the occupied part of each ray; see `ray_samplers.sample_rays`."""
        n_samples = jitter.shape[1]
        step = (far - near) / steps
        middles = near[:, None] + (torch.arange(steps, device=near.device) + 0.5) * step[:, None]
        points = origins[:, None] + directions[:, None] * middles[..., None]
        shape = torch.tensor(occupied.shape, device=points.device)
        cells = torch.minimum((points * shape).long().clamp_min(0), shape - 1)
        full = occupied[cells[..., 0], cells[..., 1], cells[..., 2]]
        counts = full.cumsum(1)
        # Only the first `longest` units of occupied length are sampled; what lies behind them is hidden.
        most = torch.where(step > 0, torch.ceil(longest / step.clamp_min(1e-9)), 0).clamp(1, steps).long()
        total = torch.minimum(counts[:, -1], most)
        order = torch.arange(n_samples, device=near.device)
        target = (order + jitter) * (total.to(near.dtype) / n_samples)[:, None]
        # The step that contains the target: the first whose running count exceeds the target's integer part.
        whole = torch.minimum(target.long(), (total - 1).clamp_min(0)[:, None])
        index = torch.searchsorted(counts, whole, right=True).clamp_max(steps - 1)
        depths = near[:, None] + (index + (target - whole)) * step[:, None]
        return depths, total.to(near.dtype) * step / n_samples


@lru_cache(maxsize=32)
def _compiled(layout: GridLayout) -> Callable[[Tensor, Tensor], Tensor]:
    """The compiled encoding of one layout; a new number of points does not trigger another compilation."""
    levels = levels_of(layout)
    return torch.compile(lambda points, table: encode_levels(points, table, levels), fullgraph=True, dynamic=True)


class CompiledBackend(TorchBackend):
    """The grid encoding under torch.compile; ray marching is not compiled. The first call takes some seconds."""

    name = "compile"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable once in both arguments."""
        if len(points) == 0:
            return super().encode(points, table, layout)
        return _compiled(layout)(points, table)
