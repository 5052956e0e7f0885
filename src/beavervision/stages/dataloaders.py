"""DataLoaders of the stages: each process loads its share of a step, starting at the resumed step."""

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
    """Loader of random items: this process's share of every step, starting at the resumed step.

    Args:
        dataset: maps a draw number to an item.
        collate: joins items to a batch.
        batch_size: items per step, over all processes.
        steps_per_epoch: steps per Lightning epoch.
        workers: number of worker processes.
        trainer: trainer with the resumed step and this process's rank; None for one process at step 0.

    Raises:
        BeaverError: when a batch cannot be divided equally over the trainer's devices.
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
    """Loader of whole batches, one per step, starting at the resumed step.

    Args:
        dataset: maps a step number to this process's share of its batch.
        steps_per_epoch: steps per Lightning epoch.
        workers: number of worker processes.
        trainer: trainer with the resumed step; None for step 0.
    """
    done = trainer.fit_loop.total_batch_idx + 1 if trainer else 0
    return ResumableLoader(dataset, None, sampler=ResumableSampler(steps_per_epoch, done), num_workers=workers)
