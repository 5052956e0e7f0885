"""What a validation tells of the head: figures of its pixels, and a strip to look at."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn
from torchmetrics.image import PeakSignalNoiseRatio

from beavervision.stages.media import Picture
from beavervision.stages.radnerf_head.batch import FrameBatch, head_masks
from beavervision.stages.radnerf_head.picture import Pictures
from beavervision.stages.radnerf_head.strip import STRIP_CAPTION, strip_row

NAMES = ("psnr", "psnr_face", "psnr_mouth")
STRIP_ROWS = 4
"""Held-out frames in a strip."""


class HeldOutFigures(nn.Module):
    """PSNR over all held-out frames of the head's pixels, its skin's and its mouth's.

    The head is laid over what is truly behind it, so that a wrong outline counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.psnr = nn.ModuleDict({name: PeakSignalNoiseRatio(data_range=1.0) for name in NAMES})
        self.rows: list[np.ndarray] = []

    def add(self, batch: FrameBatch, shown: Pictures) -> None:
        """Count one frame in.

        Args:
            batch: the frame.
            shown: its head, a batch of one.
        """
        truth = batch.rgb / 255
        picture = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * (batch.plate / 255)
        for name, mask in head_masks(batch).items():
            if mask.any():
                self.psnr[name].update(picture[mask], truth[mask])
        if len(self.rows) < STRIP_ROWS:
            panels = (value.cpu().numpy() for value in (truth, picture, shown.depth[0]))
            self.rows.append(strip_row(*panels))

    def compute(self) -> dict[str, Tensor]:
        """Figures in dB; those that no pixel spoke for are left out."""
        return {name: metric.compute() for name, metric in self.psnr.items() if metric.update_called}

    def strip(self) -> list[Picture]:
        """The first frames' rows as one picture, where there were any."""
        return [Picture("strip", np.concatenate(self.rows), STRIP_CAPTION)] if self.rows else []

    def reset(self) -> None:
        """Forget all frames."""
        self.rows = []
        for metric in self.psnr.values():
            metric.reset()
