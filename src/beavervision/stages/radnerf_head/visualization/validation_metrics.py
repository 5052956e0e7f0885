"""Validation metrics of the head, and the strip of its frames."""

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
"""PSNR of the whole frame, with the footage outside the head, as in a dub: most of its pixels are copied."""
PEAKS = ("psnr", "psnr_face", "psnr_mouth", FRAME)


@dataclass(frozen=True)
class FrameMetric:
    """A similarity metric of two images."""

    measure: Callable[[Tensor, Tensor], Tensor]
    """Function of two batches of images in [0, 1], `B 3 H W`."""
    smallest: int
    """Smallest image side for the metric, pixels."""


def _ssim(a: Tensor, b: Tensor) -> Tensor:
    """SSIM; torchmetrics returns a pair only if more outputs are requested."""
    value = structural_similarity_index_measure(a, b, data_range=1.0)
    assert isinstance(value, Tensor)
    return value


FRAME_METRICS = {
    "ssim": FrameMetric(_ssim, WINDOW),
    "ms_ssim": FrameMetric(multiscale_similarity, WINDOW),
}
"""Metrics that are always measured: Wang et al. 2004 and 2003."""


class HeldOutMetrics(nn.Module):
    """PSNR of the pixels of head, skin and mouth over all held-out frames, and similarity metrics of the head's box.

    The head is composited over the true background, so that a wrong outline counts. Padded and occluded pixels are not
    counted: for SSIM and MS-SSIM, which compare windows, they are replaced by the footage.

    Args:
        strip: name of the strip of frames.
    """

    def __init__(self, strip: str = "strip") -> None:
        super().__init__()
        self.psnr = nn.ModuleDict({name: PeakSignalNoiseRatio(data_range=1.0) for name in PEAKS})
        self.likeness = nn.ModuleDict({name: MeanMetric() for name in (*FRAME_METRICS, "lpips")})
        self.likenesses = dict(FRAME_METRICS)
        self.gallery = StripSelection(strip)

    def measure_lpips(self, network: Lpips) -> None:
        """Also measure LPIPS from now on.

        Args:
            network: LPIPS network on the frames' device; it is not part of this module's state dict.
        """
        self.likenesses["lpips"] = FrameMetric(lambda a, b: network(a, b).mean(), LPIPS_SMALLEST)

    def add(self, batch: FrameBatch, shown: FullFrameRenderer, *, spread: bool = True) -> dict[str, float]:
        """Add one frame.

        Args:
            batch: the frame.
            shown: rendered head, a batch of one.
            spread: whether the strip shows the frame in any case.

        Returns:
            Metrics of this frame; NaN where it has no pixels of that kind.
        """
        truth = batch.rgb / 255
        picture = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * (batch.plate / 255)
        masks = head_masks(batch)
        # Elsewhere neck and shoulders are missing, which is no error of the head; artefacts beside the head are.
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
        """Metrics in dB, and similarities in [0, 1]; those without any pixel are omitted."""
        metrics = {name: _metric(module) for name, module in (*self.psnr.items(), *self.likeness.items())}
        return {name: metric.compute() for name, metric in metrics.items() if metric.update_called}

    def strip(self) -> list[Picture]:
        """Strip of some frames as one image, if there are any."""
        return self.gallery.strip()

    def reset(self) -> None:
        """Remove all frames."""
        self.gallery.clear()
        for metric in (*self.psnr.values(), *self.likeness.values()):
            _metric(metric).reset()


def _metric(module: nn.Module) -> Metric:
    """Member of a ModuleDict, whose declared type is generic."""
    assert isinstance(module, Metric)
    return module


def _laid(batch: FrameBatch, shown: FullFrameRenderer, truth: Float[Tensor, "H W 3"]) -> Float[Tensor, "H W 3"]:
    """The head over the footage; where it is occluded or padded, the footage."""
    laid = shown.rgb[0] + (1 - shown.alpha[0, ..., None]) * truth
    return torch.where((batch.target == PixelTarget.IGNORED)[..., None], truth, laid)
