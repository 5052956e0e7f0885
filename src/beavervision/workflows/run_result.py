"""What a verb hands back to whoever called it: a person, a sweep's table, an optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beavervision.config.suggestions import suggest
from beavervision.errors import ConfigError

DONE, SKIPPED = "done", "skipped"


@dataclass(frozen=True)
class RunResult:
    """One finished job."""

    folder: Path
    """Where it left what it made: a run with its bundle, a clip, a film."""
    status: str = DONE
    """`done`, or `skipped` when all of it was there already."""
    metric: str | None = None
    """Name of the figure by which this job is compared with others."""
    figures: Mapping[str, float] = field(default_factory=dict)
    picture: Path | None = None
    """PNG or JPEG to look at."""

    @property
    def value(self) -> float | None:
        """The figure named by `metric`: what an optimiser is told.

        Raises:
            ConfigError: when there is no such figure.
        """
        if self.metric is None or not self.figures:
            return None
        if self.metric not in self.figures:
            names = suggest(self.metric, list(self.figures))
            raise ConfigError(f"optimized_metric={self.metric} is no figure of {self.folder}; {names}.")
        return self.figures[self.metric]
