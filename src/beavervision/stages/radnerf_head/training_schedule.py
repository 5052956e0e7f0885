"""The phases of the head's training, by the share of it that is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Phase(IntEnum):
    """What a step trains, and where its rays are sampled."""

    HULL = 0
    """The field, wherever the visual hull leaves room."""
    SHELL = 1
    """The field, in the thin shell round its surface, with few samples: as it is rendered."""
    DISTILL = 2
    """The distilled head, with the finished field as its teacher."""


class SchedulePoint(NamedTuple):
    """Where training stands."""

    phase: Phase
    done: float
    """How far the weights that it trains have come, in [0, 1]."""
    patches: bool
    """Whether the patch loss is added to the loss of single pixels."""


@dataclass(frozen=True)
class TrainingSchedule:
    """Which share of a training each phase takes.

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
    """Share of the training that the last phase takes; 0 for none."""
    patches_at: float = 1.0
    """Share of the field's own training after which the patch loss is added; 1 for never."""

    def at(self, done: float) -> SchedulePoint:
        """What is trained, and how.

        The field's weights are trained through HULL and SHELL alike, so theirs is one schedule.

        Args:
            done: share of the training that is done, in [0, 1].
        """
        field_share = 1.0 - self.distill_share
        if self.distill_share > 0 and done >= field_share:
            return SchedulePoint(Phase.DISTILL, round((done - field_share) / self.distill_share, 9), patches=False)
        phase, done = Phase.SHELL if done >= self.shell_at else Phase.HULL, round(done / field_share, 9)
        return SchedulePoint(phase, done, patches=self.patches_at <= done < 1)
