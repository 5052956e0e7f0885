"""Whole pictures from the fast head."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.precision import half_where_fast
from beavervision.stages.radnerf_head.fast import FastHead
from beavervision.stages.radnerf_head.picture import Pictures
from beavervision.stages.radnerf_head.window import Pose, Windows, outlines

STEP = 16
"""Windows' sides are multiples of this many blocks: convolutions are planned anew for every new size."""


class FastRenderer:
    """Renders frames with a fast head; several frames in one call.

    Args:
        head: the fast head.
    """

    def __init__(self, head: FastHead) -> None:
        self.head = head

    @torch.no_grad()
    def render(
        self,
        pose: Pose,
        condition: Float[Tensor, "B 66"],
        size: tuple[int, int],
        code: Float[Tensor, "code"] | None = None,
    ) -> Pictures:
        """Render whole frames; their depth is not known.

        Args:
            pose: of the frames.
            condition: of the frames.
            size: width and height of the canvas.
            code: appearance; the mean of the training frames' by default.
        """
        field = self.head.field
        code = (field.mean_code if code is None else code).expand(len(condition), -1)
        windows = head_windows(self.head, pose, size)
        blocks = len(condition) * windows.size[0] * windows.size[1]
        jitter = torch.full((blocks, field.budget), 0.5, device=condition.device)
        with half_where_fast(condition.device):
            shown = self.head(windows, pose, condition, code, jitter)
        return _pasted(shown, windows, size)


def head_windows(head: FastHead, pose: Pose, size: tuple[int, int]) -> Windows:
    """The window of each frame that holds all that the head may show, and what the upsampler makes of its edges."""
    factor, reach = head.sizes.factor, head.upsampler.reach
    low, high = outlines(head.field, pose)
    limit = torch.tensor(size, device=low.device)
    first = (low.clamp_min(0).minimum(limit) / factor).floor().long() - reach
    last = (high.clamp_min(0).minimum(limit) / factor).ceil().long() + reach
    width, height = (-(-int(side) // STEP) * STEP for side in (last - first).amax(0))
    return Windows(first, (width, height), factor)


def _pasted(shown: Float[Tensor, "B 4 h w"], windows: Windows, size: tuple[int, int]) -> Pictures:
    """Windows laid into their canvases, colours held to what the opacity allows."""
    width, height = size
    alpha = shown[:, 3].clamp(0, 1)
    rgb = torch.minimum(shown[:, :3].clamp_min(0), alpha[:, None]).permute(0, 2, 3, 1)
    full = shown.new_zeros(len(shown), height, width, 4)
    for i, (left, top) in enumerate((windows.first * windows.factor).tolist()):
        rows, columns = slice(max(0, top), height), slice(max(0, left), width)
        part = full[i, rows, columns][: shown.shape[2] + min(0, top), : shown.shape[3] + min(0, left)]
        inside = slice(max(0, -top), max(0, -top) + part.shape[0]), slice(max(0, -left), max(0, -left) + part.shape[1])
        part[..., :3], part[..., 3] = rgb[i][inside], alpha[i][inside]
    return Pictures(full[..., :3], full[..., 3], torch.zeros_like(full[..., 3]))
