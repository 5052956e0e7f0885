"""Frequency encoding (Mildenhall et al. 2020, "NeRF", equation 4) and spherical harmonics of directions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def frequency_encoding(values: Float[Tensor, "*n D"], degree: int) -> Float[Tensor, "*n C"]:
    """Return the values themselves, then sin and cos of 2^k x for k < degree: C = D (1 + 2 degree).

    Example:
        >>> frequency_encoding(torch.tensor([0.0]), 2)
        tensor([0., 0., 1., 0., 1.])
    """
    parts = [values]
    for k in range(degree):
        parts += [torch.sin(values * 2**k), torch.cos(values * 2**k)]
    return torch.cat(parts, -1)


def frequency_width(dims: int, degree: int) -> int:
    """Number of features that `frequency_encoding` returns for `dims` values."""
    return dims * (1 + 2 * degree)


WIDTH = 16
"""Number of harmonics up to degree 4 (bands 0 to 3), as in RAD-NeRF."""


def spherical_harmonics(view: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 16"]:
    """Values of the 16 real, orthonormal spherical harmonics of bands 0 to 3.

    Signs follow tiny-cuda-nn (with the Condon-Shortley phase), order m = -l .. l.

    Args:
        view: unit vectors.
    """
    x, y, z = view.unbind(-1)
    xx, yy, zz = x * x, y * y, z * z
    values = [
        0.28209479177387814 * torch.ones_like(x),
        -0.48860251190291987 * y,
        0.48860251190291987 * z,
        -0.48860251190291987 * x,
        1.0925484305920792 * x * y,
        -1.0925484305920792 * y * z,
        0.94617469575755997 * zz - 0.31539156525251999,
        -1.0925484305920792 * x * z,
        0.54627421529603959 * (xx - yy),
        0.59004358992664352 * y * (-3 * xx + yy),
        2.8906114426405538 * x * y * z,
        0.45704579946446572 * y * (1 - 5 * zz),
        0.3731763325901154 * z * (5 * zz - 3),
        0.45704579946446572 * x * (1 - 5 * zz),
        1.4453057213202769 * z * (xx - yy),
        0.59004358992664352 * x * (-xx + 3 * yy),
    ]
    return torch.stack(values, -1)
