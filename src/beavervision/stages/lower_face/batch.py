"""The typed batch of the lower face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from beavervision.stages.lower_face.landmark_maps import BETWEEN_LIPS, N_MAPS
from beavervision.stages.lower_face.references import N_REFERENCES
from beavervision.types import Batch


@dataclass
class LowerFaceBatch(Batch):
    """Patches of some frames with their target landmarks."""

    patch: Float[Tensor, "B 3 S S"]
    """The footage, [0, 1]."""
    maps: Float[Tensor, "B 3 S S"]
    """Drawn landmarks, [0, 1]; see `landmark_maps`."""
    warped: Float[Tensor, "B R 3 S S"]
    """Reference patches warped to the landmarks, [0, 1]; see `references`."""
    preference: Float[Tensor, "B R"]
    """Logits of the references by their openings."""
    counted: Float[Tensor, "B 1 S S"]
    """1 where the loss counts: inside the frame, nothing before the face."""
    lips: Float[Tensor, "B 1 S S"]
    """Soft region of the lips, [0, 1]."""
    frames: Int[Tensor, "B"]
    """Frames of the clip."""

    @property
    def mouth(self) -> Float[Tensor, "B 1 S S"]:
        """What lies between the lips, [0, 1]."""
        return self.maps[:, BETWEEN_LIPS : BETWEEN_LIPS + 1]

    def describe(self) -> str:
        """Which frames the batch was made of."""
        return "frames " + ", ".join(str(int(frame)) for frame in self.frames)


def make_batch_example(count: int = 2, size: int = 64, seed: int = 0) -> LowerFaceBatch:
    """Random valid input for the network and its loss."""
    g = torch.Generator().manual_seed(seed)

    def random(channels: int) -> Tensor:
        return torch.rand(count, channels, size, size, generator=g)

    warped = torch.rand(count, N_REFERENCES, 3, size, size, generator=g)
    counted = torch.ones(count, 1, size, size)
    preference = -torch.rand(count, N_REFERENCES, generator=g)
    return LowerFaceBatch(random(3), random(N_MAPS), warped, preference, counted, random(1), torch.arange(count))
