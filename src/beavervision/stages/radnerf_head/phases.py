"""The phases of the head's training, by the share of it that is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Phase(IntEnum):
    """What a step trains, and where its rays are sampled."""

    HULL = 0
    """The field, wherever the visual hull leaves room."""
    SHELL = 1
    """The field, in the thin shell round its surface, with few samples: as it is rendered."""
    DISTILL = 2
    """What renders fast, with the finished field as its teacher."""


@dataclass(frozen=True)
class Phases:
    """Which share of a training each phase takes.

    Example:
        >>> phases = Phases(shell_at=0.1, distill_share=0.2)
        >>> phases.at(0.05), phases.at(0.4), phases.at(0.9)
        ((<Phase.HULL: 0>, 0.0625), (<Phase.SHELL: 1>, 0.5), (<Phase.DISTILL: 2>, 0.5))
    """

    shell_at: float
    """Share of the training after which only the shell is sampled."""
    distill_share: float = 0.0
    """Share of the training that the last phase takes; 0 for none."""

    def at(self, done: float) -> tuple[Phase, float]:
        """Phase, and how far the weights that it trains have come.

        The field's weights are trained through HULL and SHELL alike, so theirs is one schedule.

        Args:
            done: share of the training that is done, in [0, 1].
        """
        field_share = 1.0 - self.distill_share
        if self.distill_share > 0 and done >= field_share:
            return Phase.DISTILL, round((done - field_share) / self.distill_share, 9)
        return (Phase.SHELL if done >= self.shell_at else Phase.HULL), round(done / field_share, 9)
