"""Distillation, the last phase of the head's training: trains the distilled head."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.stages.distributed import local_rows, world_size
from beavervision.stages.radnerf_head.averaging import WeightAverage
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.distilled.head import DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.distilled.initialization import initialize_from_teacher
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose
from beavervision.stages.radnerf_head.losses import mean_error, pixel_errors
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.patches import PatchSampler
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.pose_optimizer import PoseOptimizer


class Distillation(nn.Module):
    """The distilled head, its moving average, and its training loss.

    It is initialised from the trained field and then trained on the footage itself, in patches, so that it need not
    reproduce the field's errors.

    Args:
        network_args: keyword arguments of the trained field.
        height: height of the canvas, pixels.
        decay: decay of the weights' moving average.
        rows: approximate number of rows of the rendered low-resolution image.
        samples, levels, steps, features, width, layers: see `DistilledSizes`.
        frames, blocks, mouth_share: see `PatchSampler`.
        lr_grid: learning rate of the distilled head's grids.
        lr_network: learning rate of its other weights.
        lr_upsampler: learning rate of its upsampler.
    """

    def __init__(
        self,
        network_args: dict[str, Any],
        height: int,
        decay: float = 0.99,
        rows: int = 256,
        samples: int = 2,
        levels: int = 12,
        steps: int = 64,
        features: int = 28,
        width: int = 48,
        layers: int = 4,
        frames: int = 4,
        blocks: int = 40,
        mouth_share: float = 0.3,
        lr_grid: float = 2e-3,
        lr_network: float = 1e-3,
        lr_upsampler: float = 2e-3,
    ) -> None:
        super().__init__()
        numbers = {"samples": samples, "levels": levels, "steps": steps, "features": features}
        sizes = DistilledSizes.of_canvas(height, rows, **numbers, width=width, layers=layers)
        self.plan = PatchSampler(frames, blocks, sizes.factor, mouth_share)
        self.rates = (lr_grid, lr_network, lr_upsampler)
        self.fast = DistilledHead(network_args, sizes)
        self.average = WeightAverage(self.fast, decay)
        self.shown: tuple[int, ...] = ()
        """Frames of the clip of the last step's patches."""
        self.begun: Tensor
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))

    def begin(self, field: HeadNetwork) -> None:
        """Initialise from the trained field."""
        initialize_from_teacher(self.fast.field, field)
        self.average.restart(self.fast)
        self.begun.fill_(True)  # noqa: FBT003

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups, each with its learning rate."""
        grids, rest = [], []
        for name, parameter in self.fast.field.named_parameters():
            (grids if "_grid." in name else rest).append(parameter)
        kinds = {"fast grids": grids, "fast networks": rest, "upsampler": list(self.fast.upsampler.parameters())}
        return [{"name": name, "params": kinds[name], "lr": rate} for name, rate in zip(kinds, self.rates, strict=True)]

    def loss(
        self,
        data: HeadData,
        step: int,
        generator: torch.Generator,
        poses: PoseOptimizer | None,
        perceptual: PerceptualLoss,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Loss of a step's patches, and the mean squared error, which is one of its terms.

        Args:
            data: the set-up DataModule.
            step: step number, which determines the patches.
            generator: random generator of the samples' positions and the background colours.
            poses: pose optimizer of the field's training.
            perceptual: perceptual loss of the patches.
        """
        batch = data.patch_batch(step, self.plan).to(self.fast.field.box.device)
        self.shown = batch.shown
        if poses is not None:
            with torch.no_grad():
                batch = poses.correct(batch)
        pose = Pose(batch.cameras, batch.rotation, batch.translation)
        shown = self._rendered(batch, pose, generator).permute(0, 2, 3, 1).reshape(-1, 4)
        colours = local_rows(torch.rand(len(shown) * world_size(), 3, generator=generator)).to(shown.device)
        error = mean_error(pixel_errors(shown[:, :3], shown[:, 3], batch, colours), batch.target.flatten())
        return (error + perceptual(shown, batch) if perceptual.wanted else error), error

    def _rendered(self, batch: RayBatch, pose: Pose, generator: torch.Generator) -> Float[Tensor, "F 4 side side"]:
        """Render the batch's patches, with a margin of the upsampler's receptive field that is cropped afterwards."""
        field, factor, reach = self.fast.field, self.plan.factor, self.fast.upsampler.reach
        blocks = round(batch.pixels.shape[1] ** 0.5) // factor
        side = blocks + 2 * reach
        corner = (batch.pixels[:, 0] / factor).floor().long() - reach
        condition = field.encode(batch.face.windows, batch.face.eye)
        everybody = len(corner) * side**2 * world_size()
        jitter = local_rows(torch.rand(everybody, self.fast.sizes.samples, generator=generator)).to(corner.device)
        windows = ImageWindows(corner, (side, side), factor)
        shown = self.fast(windows, pose, condition, field.codes(batch.frame), jitter)
        own = slice(reach * factor, -reach * factor)
        return shown[:, :, own, own]
