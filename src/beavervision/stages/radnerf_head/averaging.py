"""Exponential moving average of a network's weights, used for validation and export."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)


class WeightAverage(nn.Module, Generic[NetworkT]):
    """Moving average of a network's weights; buffers are copied.

    The average warms up: after n updates the decay is min(decay, (1 + n) / (10 + n)), so that it follows the weights
    from the start.

    Args:
        network: network whose weights are averaged.
        decay: share of the old average that remains after an update.
    """

    def __init__(self, network: NetworkT, decay: float) -> None:
        super().__init__()
        self.network: NetworkT = copy.deepcopy(network).requires_grad_(requires_grad=False)
        self.decay = decay
        self.updates: Tensor
        self.register_buffer("updates", torch.tensor(0))

    def restart(self, network: nn.Module) -> None:
        """Restart the average at the network's current weights."""
        self.network.load_state_dict(network.state_dict())
        self.updates.zero_()

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Update the average with the network's current weights."""
        self.updates += 1
        n = int(self.updates)
        decay = min(self.decay, (1 + n) / (10 + n))
        mine: list[Tensor] = [*self.network.parameters()]
        theirs = [p.detach() for p in network.parameters()]
        # One call for all weights.
        torch._foreach_lerp_(mine, theirs, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]  # no public name
        for own, other in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(other)
