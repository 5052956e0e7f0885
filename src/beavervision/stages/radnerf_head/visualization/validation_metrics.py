"""Validation metrics of the head, and a strip of its frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image import PeakSignalNoiseRatio

from beavervision.metrics.lpips import SMALLEST as LPIPS_SMALLEST
from beavervision.metrics.lpips import Lpips
from beavervision.metrics.structure import WINDOW, multiscale_similarity
from beavervision.stages.radnerf_head.batch import FrameBatch, head_masks
from beavervision.stages.radnerf_head.full_frame_renderer import FullFrameRenderer
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.stages.radnerf_head.visualization.frame_strips import StripSelection
from beavervision.stages.visualization.media import Picture

FRAME = "psnr_frame"
"""Of the whole frame, where all but the head is the footage, as a dub shows it: most of it is copied pixels."""
PEAKS = ("psnr", "psnr_face", "psnr_mouth", FRAME)


@dataclass(frozen=True)
class FrameMetric:
    """How alike two pictures are, as one figure."""

    measure: Callable[[Tensor, Tensor], Tensor]
    """Of two batches of pictures in [0, 1], `B 3 H W`."""
    smallest: int
    """Side of the smallest picture that it can be measured of, pixels."""


def _ssim(a: Tensor, b: Tensor) -> Tensor:
    """SSIM; the functional form returns a pair only when it is asked for more."""
    value = structural_similarity_index_measure(a, b, data_range=1.0)
    assert isinstance(value, Tensor)
    return value


FRAME_METRICS = {
    "ssim": FrameMetric(_ssim, WINDOW),
    "ms_ssim": FrameMetric(multiscale_similarity, WINDOW),
}
"""Always measured: Wang et al. 2004 and 2003."""


class HeldOutMetrics(nn.Module):
    """PSNR over all held-out frames of the head's pixels, its skin's and its mouth's, and the likeness of its box.

    The head is laid over what is truly behind it, so that a wrong outline counts. Pixels that are padded or hidden
    count nowhere: for SSIM and MS-SSIM, which compare windows of pixels, the footage itself stands in for them.

    Args:
        strip: name of the strip that some frames are shown in.
    """

    def __init__(self, strip: str = "strip") -> None:
        super().__init__()
        self.psnr = nn.ModuleDict({name: PeakSignalNoiseRatio(data_range=1.0) for name in PEAKS})
        self.likeness = nn.ModuleDict({name: MeanMetric() for name in (*FRAME_METRICS, "lpips")})
        self.likenesses = dict(FRAME_METRICS)
        self.gallery = StripSelection(strip)

    def measure_lpips(self, network: Lpips) -> None:
        """Measure LPIPS as well from now on.

        Args:
            network: on the frames' device; kept, but no part of this module's weights.
        """
        self.likenesses["lpips"] = FrameMetric(lambda a, b: network(a, b).mean(), LPIPS_SMALLEST)

    def add(self, batch: FrameBatch, shown: FullFrameRenderer, *, spread: bool = True) -> dict[str, float]:
        """Count one frame in.

        Args:
            batch: the frame.
            shown: its head, a batch of one.
            spread: whether the strip shows the frame, be it good or bad.

        Returns:
            The frame's own figures; NaN where none of its pixels speaks for one.
        """
        truth = batch.rgb / 255
        picture = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * (batch.plate / 255)
        masks = head_masks(batch)
        # Elsewhere neck and shoulders are missing, which is not the head's fault; ghosts beside it are.
        laid = torch.where(masks["psnr"][..., None], picture, _laid(batch, shown, truth))
        row: dict[str, float] = {"frame": batch.index}
        row |= {name: self._peak(name, picture, truth, mask) for name, mask in masks.items()}
        seen = (batch.target != PixelTarget.IGNORED) & masks["psnr"].any()
        row[FRAME] = self._peak(FRAME, laid, truth, seen)
        row |= self._likenesses(laid, truth, masks["psnr"])
        footage, head, error = (value.cpu().numpy() for value in (truth, picture, laid - truth))
        depth = shown.depth[0].cpu().numpy() if shown.depth.any() else None
        self.gallery.add(row, footage, head, error, depth, spread=spread)
        return row

    def _peak(
        self, name: str, picture: Float[Tensor, "H W 3"], truth: Float[Tensor, "H W 3"], mask: Bool[Tensor, "H W"]
    ) -> float:
        if not mask.any():
            return math.nan
        _metric(self.psnr[name]).update(picture[mask], truth[mask])
        return float(peak_signal_noise_ratio(picture[mask], truth[mask], data_range=1.0))

    def _likenesses(
        self, laid: Float[Tensor, "H W 3"], truth: Float[Tensor, "H W 3"], head: Bool[Tensor, "H W"]
    ) -> dict[str, float]:
        found = dict.fromkeys(self.likenesses, math.nan)
        if not head.any():
            return found
        rows, columns = head.nonzero(as_tuple=True)
        box = (slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1))
        pair = [value[box].movedim(-1, 0)[None] for value in (laid, truth)]
        for name, likeness in self.likenesses.items():
            if min(pair[0].shape[2:]) >= likeness.smallest:
                found[name] = float(likeness.measure(*pair))
                _metric(self.likeness[name]).update(found[name])
        return found

    def compute(self) -> dict[str, Tensor]:
        """Figures in dB, and likenesses in [0, 1]; those that no pixel spoke for are left out."""
        metrics = {name: _metric(module) for name, module in (*self.psnr.items(), *self.likeness.items())}
        return {name: metric.compute() for name, metric in metrics.items() if metric.update_called}

    def strip(self) -> list[Picture]:
        """Some frames' rows as one picture, where there were any."""
        return self.gallery.strip()

    def reset(self) -> None:
        """Forget all frames."""
        self.gallery.clear()
        for metric in (*self.psnr.values(), *self.likeness.values()):
            _metric(metric).reset()


def _metric(module: nn.Module) -> Metric:
    """A member of a ModuleDict, whose type does not say what it holds."""
    assert isinstance(module, Metric)
    return module


def _laid(batch: FrameBatch, shown: FullFrameRenderer, truth: Float[Tensor, "H W 3"]) -> Float[Tensor, "H W 3"]:
    """The head over the footage; where that is hidden or padded, the footage."""
    laid = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * truth
    return torch.where((batch.target == PixelTarget.IGNORED)[..., None], truth, laid)
