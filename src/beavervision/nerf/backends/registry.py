"""The backend by name: loaded when first asked for, because numba and tinycudann are slow to import."""

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
"""Backends for CUDA, the fastest first, and the module that each needs; without any, the torch twin."""


class Backend(Protocol):
    """What is worth more than one implementation; the torch twin is the truth."""

    name: str

    def encode(
        self, points: Float[Tensor, "N D"], table: Float[Tensor, "E F"], layout: GridLayout
    ) -> Float[Tensor, "N C"]:
        """Grid features of points in [0, 1]; differentiable in both arguments."""
        ...

    def fused(self, sizes: FusedSizes, device: torch.device) -> FusedNetwork | None:
        """What computes all layers of a small network at once, in half precision; None where nothing does."""
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
        """Depths of the samples and length of each ray's samples; see `sampling.sample_rays`."""
        ...


def resolve(name: str, device: torch.device) -> str:
    """Name of the backend that `name` (perhaps "auto") means on `device`.

    Raises:
        ConfigError: when there is no such backend, or it cannot work here.
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
    """The backend `name` for tensors on `device`.

    Raises:
        ConfigError: when there is no such backend, or it cannot work here.
    """
    return _load(resolve(name, device))


@cache
def _load(name: str) -> Backend:
    # Imported here: numba costs half a second and tinycudann is seldom there.
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
