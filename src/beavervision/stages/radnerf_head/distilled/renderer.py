"""Renders whole frames with the distilled head."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.precision import half_precision_where_fast, layer_precision
from beavervision.stages.radnerf_head.distilled.block_sampler import BlockMarcher
from beavervision.stages.radnerf_head.distilled.canvas_paste import paste_compiled, paste_for
from beavervision.stages.radnerf_head.distilled.head import DistilledHead
from beavervision.stages.radnerf_head.distilled.upsampler import RGBA
from beavervision.stages.radnerf_head.frame_threads import FrameThreads
from beavervision.stages.radnerf_head.full_frame_renderer import FullFrameRenderer
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose, corner_outlines, occupied_corners

STEP = 16
"""Window sides are multiples of this many blocks, because convolutions are planned again for every new size."""

CHUNK = 4096
"""Number of blocks evaluated together: the networks' activations then fit in a core's cache."""


class DistilledRenderer:
    """Renders frames with a distilled head; several frames in one call.

    Args:
        head: the distilled head; its weights must not change afterwards.
    """

    def __init__(self, head: DistilledHead) -> None:
        self.head = head
        self._corners, self._marcher = occupied_corners(head.field), BlockMarcher(head.field)
        self._paste = paste_for(head.field)
        self._threads = FrameThreads(compiled=self._paste is paste_compiled)

    @torch.no_grad()
    def render(
        self,
        pose: Pose,
        condition: Float[Tensor, "B K"],
        size: tuple[int, int],
        code: Float[Tensor, "code"] | None = None,
    ) -> FullFrameRenderer:
        """Render whole frames, without depth.

        Args:
            pose: poses of the frames.
            condition: conditions of the frames.
            size: width and height of the canvas.
            code: appearance code; by default the mean of the training frames.
        """
        count, (width, height) = len(condition), size
        code = (self.head.field.mean_code if code is None else code).expand(count, -1)
        rgb, alpha = condition.new_empty(count, height, width, 3), condition.new_empty(count, height, width)

        def render_some(some: slice) -> None:
            self._render(
                Pose(*(value[some] for value in vars(pose).values())),
                condition[some],
                code[some],
                rgb[some],
                alpha[some],
            )

        if condition.device.type == "cpu":
            self._threads.each(count, lambda i: render_some(slice(i, i + 1)))
        else:
            render_some(slice(None))
        return FullFrameRenderer(rgb, alpha, alpha.new_zeros(1).expand_as(alpha))

    @torch.inference_mode()
    def _render(self, pose: Pose, condition: Tensor, code: Tensor, rgb: Tensor, alpha: Tensor) -> None:
        """Render some frames into the output buffers."""
        windows = self._windows(pose, (alpha.shape[2], alpha.shape[1]))
        with half_precision_where_fast(condition.device):
            small, features = self._looked_at(windows, pose, condition, code)
            detail = self.head.upsampler.detail(torch.cat([small.to(features), features], -1).permute(0, 3, 1, 2))
        self._paste(windows.first, windows.factor, small, detail.permute(0, 2, 3, 1), rgb, alpha)

    def _windows(self, pose: Pose, size: tuple[int, int]) -> ImageWindows:
        """Windows that contain every pixel of the head, including the upsampler's receptive field."""
        factor, reach = self.head.sizes.factor, self.head.upsampler.reach
        low, high = corner_outlines(self._corners, pose)
        limit = torch.tensor(size, device=low.device)
        first = (low.clamp_min(0).minimum(limit) / factor).floor().long() - reach
        last = (high.clamp_min(0).minimum(limit) / factor).ceil().long() + reach
        width, height = (-(-int(side) // STEP) * STEP for side in (last - first).amax(0))
        return ImageWindows(first, (width, height), factor)

    def _looked_at(
        self, windows: ImageWindows, pose: Pose, condition: Tensor, code: Tensor
    ) -> tuple[Float[Tensor, "B h w 4"], Float[Tensor, "B h w C"]]:
        """Colour, opacity and features of the blocks, evaluated in chunks."""
        width, height = windows.size
        found = self._marcher(windows, pose)
        small = condition.new_zeros(len(condition) * width * height, RGBA)
        features = small.new_zeros(len(small), self.head.features, dtype=layer_precision(small.device))
        ends = torch.bincount(found.block // (width * height), minlength=len(condition)).cumsum(0).tolist()
        for frame, part in _chunks(ends):
            # For one frame: the part that all its blocks share is computed once.
            seen = self.head.shade(found[part], condition[frame], code[frame])
            small[found.block[part]] = seen[:, :RGBA]
            features[found.block[part]] = seen[:, RGBA:].to(features.dtype)
        return small.reshape(-1, height, width, RGBA), features.reshape(-1, height, width, self.head.features)


def _chunks(ends: list[int]) -> Iterator[tuple[slice, slice]]:
    """(frame, blocks) of chunks that each lie within one frame.

    Args:
        ends: cumulative number of blocks up to and including each frame.

    Example:
        >>> list(_chunks([2, 2, 5]))
        [(slice(0, 1, None), slice(0, 2, None)), (slice(2, 3, None), slice(2, 5, None))]
    """
    for frame, (start, end) in enumerate(itertools.pairwise([0, *ends])):
        for first in range(start, end, CHUNK):
            yield slice(frame, frame + 1), slice(first, min(first + CHUNK, end))
