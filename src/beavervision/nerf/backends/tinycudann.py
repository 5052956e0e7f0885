"""Grid encoding by NVIDIA's tiny-cuda-nn, when it is installed: same table, same layout, CUDA only."""

from __future__ import annotations

from functools import lru_cache

import tinycudann as tcnn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.backends.torch import TorchBackend
from beavervision.nerf.grid import GridLayout


@lru_cache(maxsize=8)
def _encoding(layout: GridLayout) -> nn.Module:
    """tiny-cuda-nn's module for a layout; its own parameters are never used."""
    settings = {
        "otype": "Grid",
        "type": layout.kind.capitalize(),
        "n_levels": layout.levels,
        "n_features_per_level": layout.features,
        "log2_hashmap_size": layout.log2_entries,
        "base_resolution": layout.base,
        "per_level_scale": layout.growth,
        "interpolation": "Linear",
    }
    return tcnn.Encoding(layout.dims, settings, dtype=torch.float32)


class TinyCudaBackend(TorchBackend):
    """tiny-cuda-nn for the grid; marching is the torch twin's."""

    name = "tinycudann"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable in both arguments."""
        return torch.func.functional_call(_encoding(layout), {"params": table.reshape(-1)}, (points,))
