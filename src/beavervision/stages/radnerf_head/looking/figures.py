"""What a validation tells of the head: figures of its pixels, and a strip to look at."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image import PeakSignalNoiseRatio

from beavervision.stages.media import Picture
from beavervision.stages.radnerf_head.batch import FrameBatch, head_masks
from beavervision.stages.radnerf_head.looking.strip import STRIP_CAPTION, strip_row
from beavervision.stages.radnerf_head.picture import Pictures
from beavervision.stages.radnerf_head.targets import Target

NAMES = ("psnr", "psnr_face", "psnr_mouth")
STRIP_ROWS = 4
"""Held-out frames in a strip."""
SQUARE = 11
"""Side of the squares that SSIM compares, pixels."""


class HeldOutFigures(nn.Module):
    """PSNR over all held-out frames of the head's pixels, its skin's and its mouth's, and the mean SSIM of its box.

    The head is laid over what is truly behind it, so that a wrong outline counts. Pixels that are padded or hidden
    count nowhere: for SSIM, which looks at squares, the footage itself stands in for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.psnr = nn.ModuleDict({name: PeakSignalNoiseRatio(data_range=1.0) for name in NAMES})
        self.ssim = MeanMetric()
        self.rows: list[np.ndarray] = []

    def add(self, batch: FrameBatch, shown: Pictures) -> dict[str, float]:
        """Count one frame in.

        Args:
            batch: the frame.
            shown: its head, a batch of one.

        Returns:
            The frame's own figures; NaN where none of its pixels speaks for one.
        """
        truth = batch.rgb / 255
        picture = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * (batch.plate / 255)
        row: dict[str, float] = {"frame": batch.index}
        for name, mask in head_masks(batch).items():
            row[name] = float("nan")
            if mask.any():
                self.psnr[name].update(picture[mask], truth[mask])
                row[name] = float(peak_signal_noise_ratio(picture[mask], truth[mask], data_range=1.0))
        likeness = _likeness(batch, shown, truth)
        row["ssim"] = float("nan") if likeness is None else likeness
        if likeness is not None:
            self.ssim.update(likeness)
        if len(self.rows) < STRIP_ROWS:
            panels = (value.cpu().numpy() for value in (truth, picture, shown.depth[0]))
            self.rows.append(strip_row(*panels))
        return row

    def compute(self) -> dict[str, Tensor]:
        """Figures in dB, and SSIM; those that no pixel spoke for are left out."""
        metrics = {**self.psnr, "ssim": self.ssim}
        return {name: metric.compute() for name, metric in metrics.items() if metric.update_called}

    def strip(self) -> list[Picture]:
        """The first frames' rows as one picture, where there were any."""
        return [Picture("strip", np.concatenate(self.rows), STRIP_CAPTION)] if self.rows else []

    def reset(self) -> None:
        """Forget all frames."""
        self.rows = []
        for metric in (*self.psnr.values(), self.ssim):
            metric.reset()


def _likeness(batch: FrameBatch, shown: Pictures, truth: Float[Tensor, "H W 3"]) -> float | None:
    """SSIM (Wang et al. 2004) of the head's box, the head laid over the footage; None where no box holds a square."""
    rows, columns = head_masks(batch)["psnr"].nonzero(as_tuple=True)
    if len(rows) == 0:
        return None
    box = (slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1))
    laid = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * truth
    laid = torch.where((batch.target == Target.IGNORED)[..., None], truth, laid)
    pair = [value[box].movedim(-1, 0)[None] for value in (laid, truth)]
    if min(pair[0].shape[2:]) < SQUARE:
        return None
    return float(structural_similarity_index_measure(*pair, data_range=1.0))
