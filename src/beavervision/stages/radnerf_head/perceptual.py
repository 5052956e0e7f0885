"""Perceptual loss of image patches: LPIPS, or MS-SSIM with gradient differences."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.metrics.lpips import CACHED, SMALLEST, Lpips
from beavervision.metrics.structure import multiscale_similarity, steepness_difference
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.patches import PatchSampler
from beavervision.stages.radnerf_head.targets import PixelTarget

GREY = 0.5
"""Value of ignored pixels in a patch."""


class PerceptualLoss:
    """LPIPS if AlexNet's weights are available, otherwise MS-SSIM and gradient differences.

    Squared pixel errors favour blur, the mean of all likely images. These terms favour contrast.

    Args:
        weight: weight of LPIPS relative to the mean squared error; 0 for no patch loss.
        structure: weight of 1 - MS-SSIM, where LPIPS is not available.
        steepness: weight of the gradient differences, where LPIPS is not available.
        lpips: file of AlexNet's weights, see `Lpips.found`; None searches torchvision's cache.
        at: share of the field's training after which the loss is added; the distilled head uses it throughout.
        patches: patches per step of the field, each from another frame.
        patch_size: side of a patch of the field, pixels.
        mouth_share: share of the patches around the mouth.
    """

    def __init__(
        self,
        weight: float = 0.01,
        structure: float = 0.015,
        steepness: float = 0.05,
        lpips: str | None = None,
        at: float = 0.8,
        patches: int = 2,
        patch_size: int = 32,
        mouth_share: float = 0.3,
    ) -> None:
        self.weight, self.structure, self.steepness, self.at = weight, structure, steepness, at
        self.plan = PatchSampler(patches, patch_size, mouth_share=mouth_share, key="model.perceptual.patches")
        self.network = Lpips.found(Path(lpips) if lpips else None) if weight > 0 else None

    @property
    def wanted(self) -> bool:
        """Whether the patch loss is used."""
        return self.weight > 0

    def describe(self) -> str:
        """Name of the loss in use, in one line."""
        if self.network is not None:
            return "patch loss: LPIPS (AlexNet)"
        return (
            f"patch loss: MS-SSIM and gradient difference; for LPIPS put {CACHED} into torchvision's cache "
            "or set model.perceptual.lpips=<file>"
        )

    def __call__(self, shown: Float[Tensor, "R 4"], batch: RayBatch) -> Float[Tensor, ""]:
        """Weighted loss of rendered patches.

        Args:
            shown: colour (premultiplied) and opacity of the patches' pixels, patch by patch, row by row.
            batch: patches of the footage.
        """
        picture, truth = composite_over(shown, batch)
        if self.network is not None:
            return self.weight * self.network.to(picture.device)(picture, truth).mean()
        unlike = 1 - multiscale_similarity(picture, truth).mean()
        return self.structure * unlike + self.steepness * steepness_difference(picture, truth).mean()


def composite_over(
    shown: Float[Tensor, "R 4"], batch: RayBatch
) -> tuple[Float[Tensor, "F 3 side side"], Float[Tensor, "F 3 side side"]]:
    """Rendered patches and those of the footage over a common background; at least 31 pixels wide.

    Behind the head is the plate, or the footage where the plate is unknown; pixels outside the head show the footage.
    Ignored pixels are grey in both.

    Args:
        shown: colour (premultiplied) and opacity of the patches' pixels.
        batch: patches of the footage.
    """
    target = batch.target.flatten()[:, None]
    truth = torch.where(target == PixelTarget.IGNORED, GREY, batch.rgb.flatten(0, 1))
    behind = torch.where((target == PixelTarget.HEAD) | (target == PixelTarget.EDGE), batch.behind.flatten(0, 1), truth)
    picture = shown[:, :3] + (1 - shown[:, 3:]) * behind
    picture = torch.where(target == PixelTarget.IGNORED, truth, picture)
    return _as_patches(picture, batch), _as_patches(truth, batch)


def _as_patches(pixels: Float[Tensor, "R 3"], batch: RayBatch) -> Float[Tensor, "F 3 side side"]:
    """The batch's patches as images, enlarged to LPIPS's smallest size if necessary."""
    side = round(batch.pixels.shape[1] ** 0.5)
    pictures = pixels.reshape(-1, side, side, 3).permute(0, 3, 1, 2).contiguous()
    return pictures if side >= SMALLEST else nn.functional.interpolate(pictures, SMALLEST)
