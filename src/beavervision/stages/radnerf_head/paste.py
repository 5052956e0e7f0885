"""Windows laid into whole canvases."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from beavervision.nerf.backends.choice import resolve
from beavervision.stages.radnerf_head.network import HeadNetwork

Paste = Callable[
    [Int[Tensor, "B 2"], int, Float[Tensor, "B h w 4"], Float[Tensor, "B h w D"], tuple[int, int]],
    tuple[Float[Tensor, "B H W 3"], Float[Tensor, "B H W"]],
]


def paste_for(field: HeadNetwork) -> Paste:
    """What pastes where the field renders: numba's kernel where it is chosen, else the torch twin."""
    return paste_compiled if resolve(field.backend, field.box.device) == "numba" else paste


def paste(
    first: Int[Tensor, "B 2"],
    factor: int,
    small: Float[Tensor, "B h w 4"],
    detail: Float[Tensor, "B h w D"],
    size: tuple[int, int],
) -> tuple[Float[Tensor, "B H W 3"], Float[Tensor, "B H W"]]:
    """Canvases with their windows interpolated linearly and detail added, and nothing round them.

    Args:
        first: column and row of each window's first block; may lie outside the canvas.
        factor: pixels along a block's side.
        small: colour (premultiplied) and opacity of the blocks.
        detail: what the upsampler adds, D = 4 factor^2, channels as `pixel_shuffle` takes them.
        size: width and height of the canvases.

    Returns:
        Premultiplied colour in [0, alpha]; and alpha in [0, 1].
    """
    width, height = size
    small, detail = small.permute(0, 3, 1, 2), detail.permute(0, 3, 1, 2)
    fine = nn.functional.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)
    fine = fine + nn.functional.pixel_shuffle(detail, factor)
    alpha = fine[:, 3:].clamp(0, 1)
    fine = torch.cat([fine[:, :3].clamp_min(0).minimum(alpha), alpha], 1).permute(0, 2, 3, 1)
    full = fine.new_zeros(len(fine), height, width, 4)
    for canvas, window, (left, top) in zip(full, fine, (first * factor).tolist(), strict=True):
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(height, top + window.shape[0]), min(width, left + window.shape[1])
        if y1 > y0 and x1 > x0:
            canvas[y0:y1, x0:x1] = window[y0 - top : y1 - top, x0 - left : x1 - left]
    return full[..., :3], full[..., 3]


def paste_compiled(
    first: Int[Tensor, "B 2"],
    factor: int,
    small: Float[Tensor, "B h w 4"],
    detail: Float[Tensor, "B h w D"],
    size: tuple[int, int],
) -> tuple[Float[Tensor, "B H W 3"], Float[Tensor, "B H W"]]:
    """As `paste`, on the CPU and in one pass."""
    from beavervision.nerf.backends import numba_window

    width, height = size
    rgb, alpha = torch.empty(len(first), height, width, 3), torch.empty(len(first), height, width)
    given = (value.contiguous().numpy() for value in (small, detail))
    numba_window.paste(first.numpy(), factor, *given, rgb.numpy(), alpha.numpy())
    return rgb, alpha
