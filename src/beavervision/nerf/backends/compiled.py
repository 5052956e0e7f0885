"""The torch twin's grid, compiled: what CUDA without tiny-cuda-nn computes with."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.backends.torch import TorchBackend, encode_levels, levels_of
from beavervision.nerf.grid import GridLayout


@lru_cache(maxsize=32)
def _compiled(layout: GridLayout) -> Callable[[Tensor, Tensor], Tensor]:
    """The twin for one layout; any number of points without compiling again."""
    levels = levels_of(layout)
    return torch.compile(lambda points, table: encode_levels(points, table, levels), fullgraph=True, dynamic=True)


class CompiledBackend(TorchBackend):
    """torch.compile of the twin for the grid; marching is the twin's. The first call compiles, for some seconds."""

    name = "compile"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable once in both arguments."""
        if len(points) == 0:
            return super().encode(points, table, layout)
        return _compiled(layout)(points, table)
