"""Whether a run is finished, what it returned, and where it continues when it is not finished."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from omegaconf import DictConfig

from beavervision.artifacts.bundle import METRICS
from beavervision.callbacks.checkpoint import LAST
from beavervision.callbacks.media import FOLDER as MEDIA
from beavervision.workflows.distributed_launch import is_rank_zero
from beavervision.workflows.run_folder import display_path
from beavervision.workflows.run_result import DONE, RunResult
from beavervision.workflows.run_state import RunState

BUNDLE = "bundle"
"""Below the run's folder."""
STEP = re.compile(r"(.+)_step_(\d+)")
"""A picture's name: what it shows, and the step."""


def is_finished(folder: Path, state: RunState, cfg: DictConfig) -> bool:
    """Whether the run in `folder` already learnt this, and long enough."""
    before = RunState.read(folder)
    return (
        cfg.resume
        and before is not None
        and before.fingerprint == state.fingerprint
        and before.reaches(state.target)
        and (folder / BUNDLE).is_dir()
        and not cfg.trainer.fast_dev_run
    )


def resume_checkpoint(folder: Path, state: RunState, cfg: DictConfig) -> Path | None:
    """Return the checkpoint to continue from, and note what the run is of.

    What belongs to another clip or to other numbers is cleared away.
    """
    if cfg.trainer.fast_dev_run:
        return None
    before = RunState.read(folder)
    path = folder / LAST
    goes_on = path.exists() and cfg.resume and before is not None and before.fingerprint == state.fingerprint
    if not is_rank_zero():
        return path if goes_on else None
    if goes_on:
        print(f"{cfg.run.stage} continues from {display_path(path)}")
        state.write(folder)
        return path
    if path.exists():
        why = "its clip, upstream bundles or numbers changed" if cfg.resume else "resume=false"
        print(f"{cfg.run.stage} starts over: {why}")
        for old in (path.parent, *(folder / name for name in (BUNDLE, "logs", MEDIA))):
            shutil.rmtree(old, ignore_errors=True)
    state.write(folder)
    return None


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
    found = [(STEP.fullmatch(path.stem), path) for path in (folder / MEDIA).glob("*.png")]
    ranked = [(match[1] == "strip", int(match[2]), match[1], path) for match, path in found if match]
    return max(ranked)[-1] if ranked else None
