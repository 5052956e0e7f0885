"""Result of a verb, for the caller, a sweep's table or an optimiser."""

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
    """Folder of the results: a run with its bundle, a clip, or a video."""
    status: str = DONE
    """`done`, or `skipped` when all results existed before."""
    metric: str | None = None
    """Name of the metric by which this job is compared with others."""
    figures: Mapping[str, float] = field(default_factory=dict)
    picture: Path | None = None
    """Image of the result, PNG or JPEG."""

    @property
    def value(self) -> float | None:
        """Value of `metric`, the objective of an optimiser.

        Raises:
            ConfigError: when the metric does not exist.
        """
        if self.metric is None or not self.figures:
            return None
        if self.metric not in self.figures:
            names = suggest(self.metric, list(self.figures))
            raise ConfigError(f"optimized_metric={self.metric} is no figure of {self.folder}; {names}.")
        return self.figures[self.metric]
