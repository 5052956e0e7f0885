"""DataLoaders of the stages: each process loads its share of a step, from the step at which the run stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lightning import Trainer
from torch.utils.data import Dataset

from beavervision.data.sampling import ResumableLoader, ResumableSampler
from beavervision.stages.distributed import local_share


def resumable_loader(
    dataset: Dataset[Any],
    collate: Callable[[Sequence[Any]], Any],
    batch_size: int,
    steps_per_epoch: int,
    workers: int,
    trainer: Trainer | None,
) -> ResumableLoader:
    """Batches of random items: of every step this process's share, from the step on at which the run stopped.

    Args:
        dataset: maps the number of a draw to an item.
        collate: joins items to a batch.
        batch_size: items of a step, of all processes together.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that make items.
        trainer: knows where the run stopped, and this process's rank; None for one process at the beginning.

    Raises:
        BeaverError: when a batch cannot be shared equally by the trainer's devices.
    """
    done = trainer.fit_loop.total_batch_idx + 1 if trainer else 0
    who = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
    own = local_share(batch_size, "datamodule.batch_size", *who)
    return ResumableLoader(
        dataset,
        own.stop - own.start,
        sampler=ResumableSampler(steps_per_epoch * batch_size, done * batch_size, batch_size, own),
        collate_fn=collate,
        num_workers=workers,
    )


def step_loader(dataset: Dataset[Any], steps_per_epoch: int, workers: int, trainer: Trainer | None) -> ResumableLoader:
    """Whole batches, one a step, from the step on at which the run stopped.

    Args:
        dataset: maps the number of a step to this process's share of its batch.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that make batches.
        trainer: knows where the run stopped; None for the beginning.
    """
    done = trainer.fit_loop.total_batch_idx + 1 if trainer else 0
    return ResumableLoader(dataset, None, sampler=ResumableSampler(steps_per_epoch, done), num_workers=workers)
