"""Phases of the head's training, by its progress."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Phase(IntEnum):
    """Network that a step trains, and region in which its rays are sampled."""

    HULL = 0
    """The field, sampled in the whole visual hull."""
    SHELL = 1
    """The field, sampled in the surface shell with few samples, as in rendering."""
    DISTILL = 2
    """The distilled head, initialised from the trained field."""


class SchedulePoint(NamedTuple):
    """State of the schedule at one step."""

    phase: Phase
    done: float
    """Progress of the weights that this phase trains, in [0, 1]."""
    patches: bool
    """Whether the patch loss is added to the loss of single pixels."""


@dataclass(frozen=True)
class TrainingSchedule:
    """Shares of a training for each phase.

    Example:
        >>> schedule = TrainingSchedule(shell_at=0.1, distill_share=0.2, patches_at=0.8)
        >>> schedule.at(0.05)
        SchedulePoint(phase=<Phase.HULL: 0>, done=0.0625, patches=False)
        >>> schedule.at(0.7)
        SchedulePoint(phase=<Phase.SHELL: 1>, done=0.875, patches=True)
        >>> schedule.at(0.9)
        SchedulePoint(phase=<Phase.DISTILL: 2>, done=0.5, patches=False)
    """

    shell_at: float
    """Share of the training after which only the shell is sampled."""
    distill_share: float = 0.0
    """Share of the training for the distillation; 0 for none."""
    patches_at: float = 1.0
    """Share of the field's training after which the patch loss is added; 1 for never."""

    def at(self, done: float) -> SchedulePoint:
        """State of the schedule at a given progress.

        HULL and SHELL train the same weights, so they share one schedule.

        Args:
            done: progress of the training, in [0, 1].
        """
        field_share = 1.0 - self.distill_share
        if self.distill_share > 0 and done >= field_share:
            return SchedulePoint(Phase.DISTILL, round((done - field_share) / self.distill_share, 9), patches=False)
        phase, done = Phase.SHELL if done >= self.shell_at else Phase.HULL, round(done / field_share, 9)
        return SchedulePoint(phase, done, patches=self.patches_at <= done < 1)
