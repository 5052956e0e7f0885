"""What a verb hands back to whoever called it: a person, a sweep's table, an optimiser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beavervision.artifacts.bundle import METRICS
from beavervision.callbacks.media import FOLDER
from beavervision.config.suggestions import suggest
from beavervision.errors import BeaverError
from beavervision.workflows.resume import BUNDLE

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
            BeaverError: when there is no such figure.
        """
        if self.metric is None or not self.figures:
            return None
        if self.metric not in self.figures:
            names = suggest(self.metric, list(self.figures))
            raise BeaverError(f"optimized_metric={self.metric} is no figure of {self.folder}; {names}.")
        return self.figures[self.metric]


STEP = re.compile(r"(.+)_step_(\d+)")


def trained_result(folder: Path, metric: str | None, status: str = DONE) -> RunResult:
    """Return the outcome of a run that left a bundle.

    Args:
        folder: the run's.
        metric: name of the figure by which runs are compared.
        status: `done` now, or `skipped` because it was there.
    """
    figures = json.loads((folder / BUNDLE / METRICS).read_text(encoding="utf-8"))
    return RunResult(folder, status, metric, figures, latest_picture(folder))


def latest_picture(folder: Path) -> Path | None:
    """Return the last validation's picture: a strip where the stage makes one, else its curves; None without any."""
    found = [(STEP.fullmatch(path.stem), path) for path in (folder / FOLDER).glob("*.png")]
    ranked = [(match[1] == "strip", int(match[2]), match[1], path) for match, path in found if match]
    return max(ranked)[-1] if ranked else None
