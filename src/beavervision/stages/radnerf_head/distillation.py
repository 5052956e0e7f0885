"""The last phase of the head's training: what renders fast, learned as it is used."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.stages.radnerf_head.averaging import WeightAverage
from beavervision.stages.radnerf_head.batch import RayBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.fast import FastHead, FastSizes
from beavervision.stages.radnerf_head.losses import photometric
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.patches import PatchPlan
from beavervision.stages.radnerf_head.window import Pose, Windows


class Distillation(nn.Module):
    """The fast head, its moving average, and what it learns from.

    It begins as the finished field sees the head and then learns from the footage itself, in squares: the field's own
    pictures would hand it the field's errors as well (measured: docs/rendering.md).

    Args:
        network_args: of the field that it begins with.
        sizes: of the fast head.
        plan: of the squares.
        decay: of the weights' moving average.
    """

    def __init__(self, network_args: dict[str, Any], sizes: FastSizes, plan: PatchPlan, decay: float = 0.99) -> None:
        super().__init__()
        self.plan = plan
        self.fast = FastHead(network_args, sizes)
        self.average = WeightAverage(self.fast, decay)
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))

    def begin(self, field: HeadNetwork) -> None:
        """Take over the finished field."""
        self.fast.field.load_state_dict(field.state_dict())
        self.average.restart(self.fast)
        self.begun.fill_(True)  # noqa: FBT003

    def groups(self, grid: float, network: float, upsampler: float) -> list[dict[str, Any]]:
        """Parameters by kind, each with its learning rate."""
        grids, rest = [], []
        for name, parameter in self.fast.field.named_parameters():
            (grids if "_grid." in name else rest).append(parameter)
        return [
            {"name": "fast grids", "params": grids, "lr": grid},
            {"name": "fast networks", "params": rest, "lr": network},
            {"name": "upsampler", "params": list(self.fast.upsampler.parameters()), "lr": upsampler},
        ]

    def loss(self, data: HeadData, step: int, chance: torch.Generator) -> Float[Tensor, ""]:
        """Mean squared error of a step's squares.

        Args:
            data: set up.
            step: decides which squares.
            chance: of the samples' places and of the colours behind.
        """
        batch = data.patch_batch(step, self.plan).to(self.fast.field.box.device)
        shown = self._rendered(batch, chance).permute(0, 2, 3, 1).reshape(-1, 4)
        colours = torch.rand(len(shown), 3, generator=chance).to(shown.device)
        return photometric(
            shown[:, :3],
            shown[:, 3],
            batch.rgb.flatten(0, 1),
            batch.behind.flatten(0, 1),
            colours,
            batch.target.flatten(),
        )

    def _rendered(self, batch: RayBatch, chance: torch.Generator) -> Float[Tensor, "F 4 side side"]:
        """The batch's squares; round each is rendered what the upsampler's reach asks for, and cut off again."""
        field, factor, reach = self.fast.field, self.plan.factor, self.fast.upsampler.reach
        blocks = round(batch.pixels.shape[1] ** 0.5) // factor
        side = blocks + 2 * reach
        corner = (batch.pixels[:, 0] / factor).floor().long() - reach
        condition = field.encode(batch.face.windows, batch.face.eye)
        jitter = torch.rand(len(corner) * side**2, self.fast.sizes.samples, generator=chance).to(corner.device)
        pose = Pose(batch.cameras, batch.rotation, batch.translation)
        windows = Windows(corner, (side, side), factor)
        shown = self.fast(windows, pose, condition, field.codes(batch.frame), jitter)
        own = slice(reach * factor, -reach * factor)
        return shown[:, :, own, own]
