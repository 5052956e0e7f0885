"""Kernels compiled for the CPU by numba: parallel, deterministic, differentiable once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numba import get_num_threads
from torch import Tensor
from torch.autograd.function import once_differentiable

from beavervision.nerf.backends import numba_grid, numba_march
from beavervision.nerf.backends.fused import FusedNetwork, FusedSizes
from beavervision.nerf.backends.numba_cells import DENSE, HASHED, TILED
from beavervision.nerf.backends.numba_grid import block_size
from beavervision.nerf.grid_layout import GridLayout


@lru_cache(maxsize=32)
def kernel_levels(layout: GridLayout, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the layout as arrays for the kernels: scales, strides, kinds, offsets."""
    overflows = layout.resolutions.astype(float) ** layout.dims > layout.entries
    kinds = np.where(layout.hashed, HASHED, np.where(overflows, TILED, DENSE))
    return layout.scales.astype(dtype), layout.strides, kinds, layout.offsets


@lru_cache(maxsize=32)
def _order(levels: int) -> np.ndarray:
    """Order the levels so that each thread's contiguous share contains both fine and coarse ones."""
    return np.concatenate([np.arange(0, levels, 2), np.arange(1, levels, 2)])


class _Encode(torch.autograd.Function):
    """Grid features as a differentiable function of points and table."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
        points, table = points.contiguous(), table.contiguous()
        features = points.new_empty(len(points), layout.levels * layout.features)
        levels = kernel_levels(layout, points.numpy().dtype)
        block = block_size(len(points), get_num_threads())
        numba_grid.encode(points.numpy(), table.numpy(), *levels, block, features.numpy())
        ctx.save_for_backward(points, table)
        ctx.layout = layout
        return features

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # autograd passes one gradient an output
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None]:
        points, table = ctx.saved_tensors
        place, towards = points.numpy(), gradient.contiguous().numpy()
        levels = kernel_levels(ctx.layout, place.dtype)
        of_points = of_table = None
        if ctx.needs_input_grad[0]:
            of_points = torch.empty_like(points)
            block = block_size(len(place), get_num_threads())
            numba_grid.point_gradient(place, table.numpy(), towards, *levels, block, of_points.numpy())
        if ctx.needs_input_grad[1]:
            of_table = torch.zeros_like(table)
            numba_grid.table_gradient(place, towards, *levels, _order(ctx.layout.levels), of_table.numpy())
        return of_points, of_table, None


class NumbaBackend:
    """CPU kernels for 2-D and 3-D grids, float32 or float64."""

    name = "numba"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable once in both arguments."""
        return _Encode.apply(points, table, layout)

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
        depths, lengths = torch.empty_like(jitter), torch.empty_like(near)
        given = (origins, directions, near, far, occupied, jitter)
        start, towards, enter, leave, cells, shift = (tensor.detach().contiguous().numpy() for tensor in given)
        numba_march.march(start, towards, enter, leave, cells, shift, steps, longest, depths.numpy(), lengths.numpy())
        return depths, lengths
