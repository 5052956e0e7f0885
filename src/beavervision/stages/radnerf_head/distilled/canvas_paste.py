"""Pastes rendered windows into whole canvases."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from beavervision.nerf.backends.registry import resolve
from beavervision.stages.radnerf_head.network import HeadNetwork

Paste = Callable[[Tensor, int, Tensor, Tensor, Tensor, Tensor], None]


def paste_for(field: HeadNetwork) -> Paste:
    """Paste function for the field's backend: numba's kernel, or the torch version."""
    return paste_compiled if resolve(field.backend, field.box.device) == "numba" else paste


def paste(
    first: Int[Tensor, "B 2"],
    factor: int,
    small: Float[Tensor, "B h w 4"],
    detail: Float[Tensor, "B h w D"],
    rgb: Float[Tensor, "B H W 3"],
    alpha: Float[Tensor, "B H W"],
) -> None:
    """Write canvases: windows interpolated linearly, detail added, zero elsewhere.

    Args:
        first: column and row of each window's first block; may lie outside the canvas.
        factor: side of a block, in pixels.
        small: colour (premultiplied) and opacity of the blocks.
        detail: residual of the upsampler, D = 4 factor^2, channels in the order of `pixel_shuffle`.
        rgb: output, premultiplied colour in [0, alpha].
        alpha: output, opacity in [0, 1].
    """
    height, width = alpha.shape[1:]
    small, detail = small.permute(0, 3, 1, 2), detail.permute(0, 3, 1, 2)
    fine = nn.functional.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)
    # As in `Upsampler.forward`.
    fine = (fine + nn.functional.pixel_shuffle(detail, factor)) * (fine[:, 3:] > 0)
    opacity = fine[:, 3:].clamp(0, 1)
    colour = fine[:, :3].clamp_min(0).minimum(opacity).permute(0, 2, 3, 1)
    rgb.zero_()
    alpha.zero_()
    for i, (left, top) in enumerate((first * factor).tolist()):
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(height, top + fine.shape[2]), min(width, left + fine.shape[3])
        if y1 > y0 and x1 > x0:
            window = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
            rgb[i, y0:y1, x0:x1], alpha[i, y0:y1, x0:x1] = colour[i][window], opacity[i, 0][window]


def paste_compiled(
    first: Int[Tensor, "B 2"],
    factor: int,
    small: Float[Tensor, "B h w 4"],
    detail: Float[Tensor, "B h w D"],
    rgb: Float[Tensor, "B H W 3"],
    alpha: Float[Tensor, "B H W"],
) -> None:
    """Same as `paste`, on the CPU in one pass."""
    from beavervision.nerf.backends import numba_window

    coarse, fine = small.contiguous().numpy(), detail.contiguous().numpy()
    numba_window.paste(first.numpy(), factor, coarse, fine, rgb.numpy(), alpha.numpy())
