"""Distributed training: W processes compute the same result as one process on the whole batch.

In a single process every function is the identity. In W processes the result equals that of one process on the whole
batch, except for rounding: DDP averages gradients, so losses are scaled such that their average is that of the whole
batch.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, distributed, nn

from beavervision.errors import ConfigError


def world_size() -> int:
    """Number of processes in the training; 1 for a single process."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Rank of this process, from 0."""
    return distributed.get_rank() if world_size() > 1 else 0


def destroy_group() -> None:
    """Leave the process group: at the end of a process, gloo's running threads sometimes abort it."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def local_share(count: int, what: str, own: int | None = None, of: int | None = None) -> slice:
    """This process's share of the `count` items of a step: an equal, contiguous slice.

    Args:
        count: items of all processes.
        what: config key of the count, for the error message.
        own: rank of this process; by default `rank`.
        of: number of processes; by default `world_size`.

    Raises:
        ConfigError: when the items cannot be divided equally.

    Example:
        >>> local_share(8, "datamodule.batch_size", own=1, of=2)
        slice(4, 8, None)
    """
    own, of = rank() if own is None else own, world_size() if of is None else of
    if count % of:
        raise ConfigError(f"{what}={count} cannot be shared equally by {of} devices; give a multiple of {of}.")
    size = count // of
    return slice(own * size, (own + 1) * size)


def local_rows(everybody: Float[Tensor, "N *c"]) -> Float[Tensor, "n *c"]:
    """This process's rows of a tensor that all processes drew equally."""
    return everybody if world_size() == 1 else everybody.chunk(world_size())[rank()]


def noise_like(own: Float[Tensor, "B *c"]) -> Float[Tensor, "B *c"]:
    """Normal noise for this process's rows of a batch, independent of the number of processes."""
    if world_size() == 1:
        return torch.randn_like(own)
    return local_rows(torch.randn(len(own) * world_size(), *own.shape[1:], dtype=own.dtype, device=own.device))


def all_gather_rows(own: Float[Tensor, "B *c"]) -> Float[Tensor, "N *c"]:
    """Concatenate the rows of all processes in order, without gradient."""
    if world_size() == 1:
        return own
    parts = [torch.empty_like(own) for _ in range(world_size())]
    distributed.all_gather(parts, own.contiguous())
    return torch.cat(parts)


def weighted_mean(values: Float[Tensor, "*s"], weight: Float[Tensor, "*s"], least: float = 1e-8) -> Float[Tensor, ""]:
    """Weighted mean, scaled such that the average over all processes is the mean of the whole batch.

    Args:
        values: values of this process.
        weight: weight of each value, without gradient.
        least: lower limit of the total weight, to avoid a division by 0.
    """
    total = weight.sum()
    if world_size() > 1:
        total = total.detach().clone()
        distributed.all_reduce(total)
        total = total / world_size()
    return (values * weight).sum() / total.clamp(min=least)


def all_reduce_sum(own: Tensor) -> Tensor:
    """Sum over all processes, with gradients to each of them."""
    return own if world_size() == 1 else _Sum.apply(own)


class _Sum(torch.autograd.Function):
    """Sum over processes; the gradient is summed over all processes as well."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.detach().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]  # one gradient
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


class SharedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation over the batches of all processes, on any device (PyTorch's SyncBatchNorm needs GPUs)."""

    def forward(self, x: Float[Tensor, "B C *t"]) -> Float[Tensor, "B C *t"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # named x
        """Normalise by the batch's statistics in training, else by the running ones."""
        if not self.training or world_size() == 1:
            return super().forward(x)
        return normalised(self, x, torch.ones_like(x[:, :1]))


def normalised(
    norm: nn.BatchNorm1d, x: Float[Tensor, "B C *t"], mask: Float[Tensor, "B 1 *t"]
) -> Float[Tensor, "B C *t"]:
    """Normalise by the statistics of all processes' unmasked positions, and update the running statistics.

    Args:
        norm: module with scale, shift and running statistics.
        x: input of this process.
        mask: 1 at valid positions.
    """
    # Computed in single precision, as the running statistics, also under autocast.
    kind, x, mask = x.dtype, x.float(), mask.float()
    axes = [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    count = all_reduce_sum(mask.sum()).clamp(min=1)
    mean = all_reduce_sum((x * mask).sum(axes)) / count
    var = all_reduce_sum((((x - mean.view(shape)) * mask) ** 2).sum(axes)) / count
    assert norm.num_batches_tracked is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.momentum is not None
    with torch.no_grad():
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(var * count / (count - 1).clamp(min=1), norm.momentum)
    scale = norm.weight * (var + norm.eps).rsqrt()
    return ((x - mean.view(shape)) * scale.view(shape) + norm.bias.view(shape)).to(kind)
