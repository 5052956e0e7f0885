"""Precision of computations: full precision for geometry, half precision for layers where it is faster."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

BF16_SINCE = (8, 0)
"""Compute capability of the first GPUs with bfloat16 (Ampere)."""


def full_precision(function: Callable[P, ResultT]) -> Callable[P, ResultT]:
    """Decorator: the function computes in the precision of its inputs, even under autocast.

    Autocast also converts the matrix products of geometry; a rotation in bfloat16 shifts a ray by pixels.
    """

    @wraps(function)
    def exactly(*args: P.args, **kwargs: P.kwargs) -> ResultT:
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return function(*args, **kwargs)

    return exactly


def layer_precision(device: torch.device) -> torch.dtype:
    """Data type for layers in rendering: half precision where the device is faster with it.

    CPUs with AVX512-BF16 or AMX are four to five times as fast in bfloat16; others are slower. GPUs before Ampere
    support float16 only.
    """
    if device.type == "cpu":
        return torch.bfloat16 if has_fast_bf16() else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= BF16_SINCE else torch.float16
    return torch.float32


def half_precision_where_fast(device: torch.device) -> torch.autocast:
    """Context manager in which layers compute in `layer_precision`."""
    return layers_in(layer_precision(device), device)


def layers_in(precision: torch.dtype, device: torch.device) -> torch.autocast:
    """Context manager in which layers compute in float32, bfloat16 or float16."""
    half = precision is not torch.float32
    return torch.autocast(device.type, precision if half else torch.bfloat16, enabled=half)


@cache
def has_fast_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
