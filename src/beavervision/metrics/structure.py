"""Structural similarity of images: MS-SSIM, and differences of gradients in small windows."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from beavervision.nerf.precision import full_precision

WINDOW, SIGMA = 11, 1.5
"""Side and standard deviation of the Gaussian window, pixels (Wang et al. 2004, "Image quality assessment")."""
LUMINANCE, CONTRAST = 0.01**2, 0.03**2
"""Stabilising constants of the quotients for values in [0, 1], from the same paper."""
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, finest first (Wang et al. 2003, "Multi-scale structural similarity")."""
STEEP = 8
"""Side of the windows in which gradients are compared, pixels: about a tooth, an eye corner, a lock of hair at 256
px."""
LEAST = 1e-3
"""Lower limit of a scale's similarity: near zero its power has no finite gradient."""


@full_precision
def multiscale_similarity(a: Float[Tensor, "B C H W"], b: Float[Tensor, "B C H W"]) -> Float[Tensor, "B"]:
    """MS-SSIM of images, 1 where they are equal. Differentiable.

    Uses as many of the five scales as fit into the images, with exponents normalised to a sum of one.

    Args:
        a: images in [0, 1], at least 11 pixels high and wide.
        b: images of the same shape.

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
    """Number of scales for an image side: the window must fit into the coarsest scale.

    Example:
        >>> scales_of(11), scales_of(22), scales_of(80), scales_of(512)
        (1, 2, 3, 5)
    """
    return next(n for n in range(len(SCALES), 0, -1) if n == 1 or side >> (n - 1) >= WINDOW)


def steepness_difference(a: Float[Tensor, "B C H W"], b: Float[Tensor, "B C H W"]) -> Float[Tensor, "B"]:
    """Mean difference of the gradient magnitude, summed over small windows that overlap by half.

    Mathieu et al. 2016, "Deep multi-scale video prediction", compare gradient magnitudes pixel by pixel (equation 6).
    If the exact position of an edge is uncertain, blur minimises that difference; the sum over a window depends less on
    the position.

    Args:
        a: images of at least 9 pixels height and width.
        b: images of the same shape.

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
    """Similarity of luminance, and of contrast and structure together, in every window."""
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread_a, spread_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    both = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + LUMINANCE) / (mean_a**2 + mean_b**2 + LUMINANCE)
    return luminance, (2 * both + CONTRAST) / (spread_a + spread_b + CONTRAST)


def _blurred(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
    """Means over the windows inside the image: along one axis, then along the other."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    window = torch.exp(-(place**2) / (2 * SIGMA**2))
    window = (window / window.sum()).expand(x.shape[0] * x.shape[1], 1, 1, WINDOW)
    flat = x.flatten(0, 1)[None]
    for kernel in (window, window.mT):
        flat = functional.conv2d(flat, kernel, groups=len(window))
    return flat[0].unflatten(0, x.shape[:2])
