"""Batch of the torso stage."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.types import Batch


@dataclass
class TorsoBatch(Batch):
    """Pixels of some training frames."""

    points: Float[Tensor, "B P 2"]
    """Points in the field's coordinates."""
    condition: Float[Tensor, "B C"]
    head: Float[Tensor, "B 2 3"]
    body: Float[Tensor, "B 2 3"]
    frames: Int[Tensor, "B"]
    """Rows of the appearance table."""
    colour: Float[Tensor, "B P 3"]
    """Colour in [0, 1]: the footage, or under the head an estimate of what it hides."""
    kind: Int[Tensor, "B P"]
    """`targets.TorsoTarget`."""
    background: Float[Tensor, "B P 3"]
    head_rgb: Float[Tensor, "B P 3"]
    """Frozen head, premultiplied by its opacity; 0 where it was not rendered."""
    head_alpha: Float[Tensor, "B P"]
    has_head: Bool[Tensor, "B"]


def make_batch_example(frames: int = 2, points: int = 5, condition: int = 20, seed: int = 0) -> TorsoBatch:
    """Random valid input for the torso's loss and field."""
    g = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=g)

    still = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(frames, -1, -1)
    return TorsoBatch(
        points=random(frames, points, 2) * 2 - 1,
        condition=random(frames, condition),
        head=still,
        body=still,
        frames=torch.arange(frames),
        colour=random(frames, points, 3),
        kind=torch.randint(0, 5, (frames, points), generator=g),
        background=random(frames, points, 3),
        head_rgb=0.2 * random(frames, points, 3),
        head_alpha=random(frames, points),
        has_head=torch.ones(frames, dtype=torch.bool),
    )
