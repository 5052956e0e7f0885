"""Error map: pixels are sampled from coarse cells of the frames in proportion to the training error."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from beavervision.stages.distributed import all_gather_rows, rank
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.targets import PixelTarget

CELLS = 16
"""Cells along each side of a canvas: 512 bytes per frame for any canvas size (RAD-NeRF: 128)."""

FLOOR = 0.1
"""Lower limit of each cell's weight, as a share of its frame's mean, so that every cell is sampled sometimes."""


class ErrorMap(nn.Module):
    """Running mean of the squared pixel errors in each cell of each training frame (RAD-NeRF's error map).

    It is in the state dict and equal in all processes, so that samples depend on (seed, step) and the training so far.

    Args:
        frames: number of training frames.
        size: width and height of the canvas, pixels.
        decay: share of a cell's mean that remains after a step with pixels in the cell.
    """

    def __init__(self, frames: int, size: tuple[int, int], decay: float) -> None:
        super().__init__()
        self.size, self.decay = tuple(size), decay
        self.cells: Tensor
        self.register_buffer("cells", torch.zeros(frames, CELLS**2, dtype=torch.float16))

    @torch.no_grad()
    def update(self, batch: RayBatch, errors: Float[Tensor, "R"]) -> None:
        """Update the map with the errors of a step in all processes.

        Args:
            batch: pixels of the step.
            errors: squared error of each pixel.
        """
        scale = CELLS / batch.pixels.new_tensor(self.size)
        column, row = (batch.pixels * scale).long().clamp(0, CELLS - 1).unbind(-1)
        counted = (batch.target != PixelTarget.IGNORED).float()
        frames, place = all_gather_rows(batch.frame).unique(return_inverse=True)
        at = (place[:, None] * CELLS**2 + all_gather_rows(row * CELLS + column)).flatten()
        sums = torch.zeros(2, len(frames) * CELLS**2, device=errors.device)
        sums[0].index_add_(0, at, all_gather_rows(errors.float().view_as(counted) * counted).flatten())
        sums[1].index_add_(0, at, all_gather_rows(counted).flatten())
        total, count = sums.view(2, len(frames), -1)
        kept = self.cells[frames].float()
        self.cells[frames] = kept.lerp(total / count.clamp(min=1), (1 - self.decay) * (count > 0)).half()

    def choose(self, batch: RayBatch, count: int, seed: list[int]) -> list[Int[np.ndarray, "P 2"]]:
        """Sample pixels (column, row) of each frame of a batch: a cell by its error, then uniformly within it.

        Args:
            batch: batch of this process.
            count: number of pixels per frame.
            seed: seed of the draw, equal for all processes.
        """
        rows = self.cells[batch.frame].double().cpu().numpy()
        first = rank() * len(rows)
        return [self._draw(row, count, np.random.default_rng([*seed, first + i])) for i, row in enumerate(rows)]

    def _draw(self, errors: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
        chances = np.maximum(errors, max(FLOOR * errors.mean(), 1e-9))
        row, column = np.divmod(draw.choice(CELLS**2, count, p=chances / chances.sum()), CELLS)
        places = (np.column_stack([column, row]) + draw.random((count, 2))) * self.size / CELLS
        return np.minimum(places.astype(np.int64), np.array(self.size) - 1)
