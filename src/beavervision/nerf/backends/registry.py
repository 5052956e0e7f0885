"""Selects a backend by name and imports it at first use, because numba and tinycudann are slow to import."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.errors import ConfigError

if TYPE_CHECKING:
    from beavervision.nerf.backends.fused import FusedNetwork, FusedSizes
    from beavervision.nerf.grid_layout import GridLayout

NAMES = ("auto", "torch", "compile", "numba", "tinycudann")

CUDA_OPTIONS = {"tinycudann": "tinycudann", "compile": "triton"}
"""Backends for CUDA, the fastest first, with the module that each needs; the torch backend is the fallback."""


class Backend(Protocol):
    """Interface of a backend: the operations that have several implementations. The torch backend is the reference."""

    name: str

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable in both arguments."""
        ...

    def fused(self, sizes: FusedSizes, device: torch.device) -> FusedNetwork | None:
        """Return a fused network that computes all layers at once in half precision, or None where there is none."""
        ...

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
        """Depths of the samples, and length of each ray's samples; see `ray_samplers.sample_rays`."""
        ...


def resolve(name: str, device: torch.device) -> str:
    """Name of the backend that `name` stands for on `device`; "auto" selects one.

    Raises:
        ConfigError: when there is no such backend, or it does not run on this machine.
    """
    if name not in NAMES:
        raise ConfigError(f"There is no backend {name}; choose one of {', '.join(NAMES)}.")
    if name == "auto":
        if device.type == "cuda":
            return next((option for option, module in CUDA_OPTIONS.items() if find_spec(module) is not None), "torch")
        return "numba" if device.type == "cpu" else "torch"
    if name == "numba" and device.type != "cpu":
        raise ConfigError(f"hardware.backend=numba works on the CPU, not on {device.type}; choose torch or auto.")
    if name == "tinycudann" and device.type != "cuda":
        raise ConfigError(f"hardware.backend=tinycudann needs CUDA, not {device.type}; choose auto.")
    return name


def load_backend(name: str, device: torch.device) -> Backend:
    """Return the backend `name` for tensors on `device`.

    Raises:
        ConfigError: when there is no such backend, or it does not run on this machine.
    """
    return _load(resolve(name, device))


@cache
def _load(name: str) -> Backend:
    # Imported here: numba takes half a second to import, and tinycudann is rarely installed.
    if name == "numba":
        from beavervision.nerf.backends.numba import NumbaBackend

        return NumbaBackend()
    if name == "tinycudann":
        from beavervision.nerf.backends.tinycudann import TinyCudaBackend

        return TinyCudaBackend()
    if name == "compile":
        from beavervision.nerf.backends.torch import CompiledBackend

        return CompiledBackend()
    from beavervision.nerf.backends.torch import TorchBackend

    return TorchBackend()
