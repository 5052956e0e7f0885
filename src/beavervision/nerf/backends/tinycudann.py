"""Grid encodings and networks by NVIDIA's tiny-cuda-nn, if installed: same weights, same layout, CUDA only."""

from __future__ import annotations

import warnings
from functools import lru_cache

import tinycudann as tcnn  # pyright: ignore[reportMissingImports]  # optional: it has no wheel
import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.backends.fused import FusedNetwork, FusedSizes
from beavervision.nerf.backends.torch import TorchBackend
from beavervision.nerf.grid_layout import GridLayout

FEATURES, DIMS = (1, 2, 4, 8), (2, 3, 4)
"""Features per entry and dimensions for which tiny-cuda-nn has grids (its grid.h)."""


@lru_cache(maxsize=32)
def _encoding(layout: GridLayout, device: torch.device) -> nn.Module | None:
    """tiny-cuda-nn's module for a layout, or None where it has none; the module's own parameters are not used."""
    if layout.features not in FEATURES or layout.dims not in DIMS:
        warnings.warn(
            f"tiny-cuda-nn has no grid of {layout.dims} dimensions and {layout.features} features a level; "
            "torch computes it.",
            stacklevel=2,
        )
        return None
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
    with torch.cuda.device(device):
        return tcnn.Encoding(layout.dims, settings, dtype=torch.float32)


@lru_cache(maxsize=32)
def _network(sizes: FusedSizes, device: torch.device) -> FusedNetwork | None:
    """tiny-cuda-nn's fully fused network, or None where the sizes or the GPU do not support it."""
    if sizes.fit:
        settings = {
            "otype": "FullyFusedMLP",
            "activation": "ReLU",
            "output_activation": "None",
            "n_neurons": sizes.hidden,
            "n_hidden_layers": sizes.layers - 1,
        }
        with torch.cuda.device(device):
            module = tcnn.Network(sizes.inputs, sizes.out, settings)
        # GPUs before Turing get another network, whose padding differs.
        if module.dtype is torch.half and module.params.numel() == sizes.parameters:
            # tiny-cuda-nn applies its own loss scale too late: see `fused.LOUDER`.
            module.loss_scale = 1.0
            return lambda inputs, packed: torch.func.functional_call(module, {"params": packed}, (inputs,))
    warnings.warn(
        f"tiny-cuda-nn cannot fuse a network of {sizes.inputs} inputs, {sizes.layers} layers of {sizes.hidden} and "
        f"{sizes.out} outputs on {torch.cuda.get_device_name(device)}; torch computes it.",
        stacklevel=2,
    )
    return None


class TinyCudaBackend(TorchBackend):
    """tiny-cuda-nn for grids and networks; ray marching uses the torch implementation."""

    name = "tinycudann"

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable once in both arguments."""
        encoding = _encoding(layout, points.device)
        if encoding is None or len(points) == 0:
            return super().encode(points, table, layout)
        return torch.func.functional_call(encoding, {"params": table.reshape(-1)}, (points,))

    def fused(self, sizes: FusedSizes, device: torch.device) -> FusedNetwork | None:
        """Return the network that computes all layers at once in half precision, or None where there is none."""
        return _network(sizes, device)
