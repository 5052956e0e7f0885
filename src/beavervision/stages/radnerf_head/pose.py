"""A small correction of each training frame's tracked pose, learned with the head."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from beavervision.nerf.precision import exact


class PoseCorrection(nn.Module):
    """Turns and shifts each training frame's camera a little.

    Corrections have mean zero over the frames: what all frames share belongs to the head, and held-out frames,
    which have the tracked pose and nothing else, must fit it.

    Args:
        n_frames: number of training frames.
    """

    def __init__(self, n_frames: int) -> None:
        super().__init__()
        self.turn = nn.Parameter(torch.zeros(n_frames, 3))
        """Axis times angle, radians, camera space."""
        self.shift = nn.Parameter(torch.zeros(n_frames, 3))
        """cm, camera space."""

    @exact
    def forward(
        self, rows: Int[Tensor, "F"], rotation: Float[Tensor, "F 3 3"], translation: Float[Tensor, "F 3"]
    ) -> tuple[Float[Tensor, "F 3 3"], Float[Tensor, "F 3"]]:
        """Corrected poses of the frames in `rows`."""
        turn = self.turn[rows] - self.turn.mean(0)
        shift = self.shift[rows] - self.shift.mean(0)
        return torch.linalg.matrix_exp(_cross(turn)) @ rotation, translation + shift

    def penalty(self, rows: Int[Tensor, "F"]) -> Float[Tensor, ""]:
        """Mean squared correction: radians in units of 0.02, shifts in units of 0.2 cm, about the tracker's noise."""
        return (self.turn[rows] / 0.02).square().mean() + (self.shift[rows] / 0.2).square().mean()


def _cross(v: Float[Tensor, "F 3"]) -> Float[Tensor, "F 3 3"]:
    """Matrix of the cross product with v."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
