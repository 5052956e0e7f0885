"""Resuming: whether a run is finished, its result, and its checkpoint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from omegaconf import DictConfig

from beavervision.artifacts.bundle import METRICS
from beavervision.callbacks.checkpoint import LAST
from beavervision.callbacks.media import FOLDER as MEDIA
from beavervision.errors import TrainingError
from beavervision.workflows.distributed_launch import is_rank_zero
from beavervision.workflows.run_folder import display_path
from beavervision.workflows.run_result import DONE, RunResult
from beavervision.workflows.run_state import RunState

BUNDLE = "bundle"
"""Folder below that of the run."""
STEP = re.compile(r"(.+)_step_(\d+)")
"""Pattern of an image's file name: contents and step."""


def is_finished(folder: Path, state: RunState, cfg: DictConfig) -> bool:
    """Whether the run in `folder` has finished this training, with at least the requested length."""
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
    """Return the checkpoint to resume from, and write the run's state.

    Files of another clip or other settings are removed.

    Raises:
        TrainingError: when the checkpoint is damaged.
    """
    if cfg.trainer.fast_dev_run:
        return None
    before = RunState.read(folder)
    path = folder / LAST
    goes_on = path.exists() and cfg.resume and before is not None and before.fingerprint == state.fingerprint
    if goes_on:
        require_checkpoint(path)
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


def require_checkpoint(path: Path) -> None:
    """Check that a file is a checkpoint of a training run; only its structure is read, not the weights.

    Raises:
        TrainingError: when it is not.
    """
    import torch  # Imported here: `--help` and finished runs do not need it.

    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        complete = isinstance(saved, dict) and {"state_dict", "global_step", "loops"} <= saved.keys()
    except Exception:  # Damage has many forms: of the archive, of its index, of the names in it.
        complete = False
    if not complete:
        raise TrainingError(f"{path} is damaged; resume=false starts over, another copy of the file continues.")


def trained_result(folder: Path, metric: str | None, status: str = DONE) -> RunResult:
    """Return the result of a run with a bundle.

    Args:
        folder: folder of the run.
        metric: name of the metric by which runs are compared.
        status: `done`, or `skipped` when it existed before.
    """
    figures = json.loads((folder / BUNDLE / METRICS).read_text(encoding="utf-8"))
    return RunResult(folder, status, metric, figures, latest_picture(folder))


def latest_picture(folder: Path) -> Path | None:
    """Return the last validation's image: a strip if the stage makes one, else its curves; None without any."""
    found = [(STEP.fullmatch(path.stem), path) for path in (folder / MEDIA).glob("*.png")]
    ranked = [(match[1] == "strip", int(match[2]), match[1], path) for match, path in found if match]
    return max(ranked)[-1] if ranked else None
