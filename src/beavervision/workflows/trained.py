"""What a trained run tells a sweep of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

from beavervision.artifacts.bundle import METRICS
from beavervision.callbacks.media import FOLDER
from beavervision.workflows.resume import BUNDLE
from beavervision.workflows.run_result import DONE, Outcome

STEP = re.compile(r"(.+)_step_(\d+)")


def trained(folder: Path, metric: str | None, status: str = DONE) -> Outcome:
    """Return the outcome of a run that left a bundle.

    Args:
        folder: the run's.
        metric: name of the figure by which runs are compared.
        status: `done` now, or `skipped` because it was there.
    """
    figures = json.loads((folder / BUNDLE / METRICS).read_text(encoding="utf-8"))
    return Outcome(folder, status, metric, figures, latest_picture(folder))


def latest_picture(folder: Path) -> Path | None:
    """Return the last validation's picture: a strip where the stage makes one, else its curves; None without any."""
    found = [(STEP.fullmatch(path.stem), path) for path in (folder / FOLDER).glob("*.png")]
    ranked = [(match[1] == "strip", int(match[2]), match[1], path) for match, path in found if match]
    return max(ranked)[-1] if ranked else None
