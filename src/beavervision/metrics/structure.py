"""How alike the structure of two pictures is: contrasts and edges, of which single pixels say nothing."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from beavervision.nerf.precision import full_precision

WINDOW, SIGMA = 11, 1.5
"""Side and deviation, pixels, of the Gaussian window (Wang et al. 2004, "Image quality assessment")."""
LUMINANCE, CONTRAST = 0.01**2, 0.03**2
"""Constants that keep the quotients finite, likewise, for values in [0, 1]."""
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, finest first (Wang et al. 2003, "Multi-scale structural similarity")."""
STEEP = 8
"""Side of the windows whose steepness is compared, pixels: about a tooth, an eye's corner, a lock of hair at 256."""
LEAST = 1e-3
"""A scale's similarity counts as at least: near zero its power has no slope."""


@full_precision
def multiscale_similarity(a: Float[Tensor, "B C H W"], b: Float[Tensor, "B C H W"]) -> Float[Tensor, "B"]:
    """MS-SSIM of pictures, 1 where they are equal. Differentiable.

    As many of the five scales as the pictures hold, their exponents normalised to sum to one.

    Args:
        a: in [0, 1], at least 11 pixels high and wide.
        b: likewise.

    Example:
        >>> picture = torch.rand(2, 3, 24, 24)
        >>> multiscale_similarity(picture, picture)
        tensor([1., 1.])
    """
    exponents = torch.tensor(SCALES[: scales_of(min(a.shape[2:]))])
    exponents = (exponents / exponents.sum()).tolist()
    similarity = a.new_ones(len(a))
    for i, exponent in enumerate(exponents):
        luminance, contrast = _similarities(a, b)
        last = i == len(exponents) - 1
        found = (luminance * contrast if last else contrast).mean((1, 2, 3))
        similarity = similarity * found.clamp_min(LEAST) ** exponent
        a, b = (value if last else functional.avg_pool2d(value, 2) for value in (a, b))
    return similarity


def scales_of(side: int) -> int:
    """Scales that a picture holds: at the coarsest the window still fits into it.

    Example:
        >>> scales_of(11), scales_of(22), scales_of(80), scales_of(512)
        (1, 2, 3, 5)
    """
    return next(n for n in range(len(SCALES), 0, -1) if n == 1 or side >> (n - 1) >= WINDOW)


def steepness_difference(a: Float[Tensor, "B C H W"], b: Float[Tensor, "B C H W"]) -> Float[Tensor, "B"]:
    """Mean difference of how steep pictures are in small windows, which overlap by half.

    Mathieu et al. 2016, "Deep multi-scale video prediction", compare the slopes' sizes pixel by pixel (equation 6). The
    smallest such difference from edges of which nobody knows where exactly they lie is a blur; how much of an edge a
    window holds is known all the same.

    Args:
        a: at least 9 pixels high and wide.
        b: likewise.

    Example:
        >>> edge = torch.zeros(1, 1, 9, 9).index_fill(3, torch.arange(4, 9), 1.0)
        >>> moved = edge.roll(-1, 3).index_fill(3, torch.tensor(8), 1.0)
        >>> steepness_difference(edge, moved), steepness_difference(edge, 0.5 * edge)
        (tensor([0.]), tensor([0.0312]))
    """
    found = []
    for dim in (2, 3):
        ours, theirs = (functional.avg_pool2d(x.diff(dim=dim).abs(), STEEP, STEEP // 2) for x in (a, b))
        found.append((ours - theirs).abs().flatten(1))
    return torch.cat(found, 1).mean(1)


def _similarities(
    a: Float[Tensor, "B C H W"], b: Float[Tensor, "B C H W"]
) -> tuple[Float[Tensor, "B C h w"], Float[Tensor, "B C h w"]]:
    """Similarity of the luminance, and of contrast and structure together, in every window."""
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread_a, spread_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    both = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + LUMINANCE) / (mean_a**2 + mean_b**2 + LUMINANCE)
    return luminance, (2 * both + CONTRAST) / (spread_a + spread_b + CONTRAST)


def _blurred(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
    """Means of the windows that lie within the picture: along one axis, then along the other."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    window = torch.exp(-(place**2) / (2 * SIGMA**2))
    window = (window / window.sum()).expand(x.shape[0] * x.shape[1], 1, 1, WINDOW)
    flat = x.flatten(0, 1)[None]
    for kernel in (window, window.mT):
        flat = functional.conv2d(flat, kernel, groups=len(window))
    return flat[0].unflatten(0, x.shape[:2])
