"""Sines and cosines of rising frequency (Mildenhall et al. 2020, "NeRF", equation 4)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def frequency_encoding(values: Float[Tensor, "*n D"], degree: int) -> Float[Tensor, "*n C"]:
    """The values themselves, then sin and cos of 2^k x for k < degree: C = D (1 + 2 degree).

    Example:
        >>> frequency_encoding(torch.tensor([0.0]), 2)
        tensor([0., 0., 1., 0., 1.])
    """
    parts = [values]
    for k in range(degree):
        parts += [torch.sin(values * 2**k), torch.cos(values * 2**k)]
    return torch.cat(parts, -1)


def frequency_width(dims: int, degree: int) -> int:
    """Number of features that `frequency_encoding` makes of `dims` values."""
    return dims * (1 + 2 * degree)
