"""Folder of a run: its contents, and removal of empty ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

HYDRA = ".hydra"
"""Folder of Hydra's config of the last start."""
LOCK = ".lock"
"""Lock file of the training process."""


def run_folder() -> Path:
    """Return the folder of the running job."""
    return Path(HydraConfig.get().runtime.output_dir)


def display_path(path: Path) -> Path:
    """Return a path for display: relative if it is below the working folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def is_fresh_run_folder() -> bool:
    """Whether the job's folder contains no results yet."""
    return not _contents(run_folder())


def remove_if_empty(runs: str) -> None:
    """Remove the job's folder, and its parents up to `runs`, where they contain no results."""
    folder = run_folder()
    if folder == Path.cwd() or _contents(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    top = Path(runs).resolve()
    for parent in (folder.parent, *folder.parent.parents):
        if not parent.is_relative_to(top) or any(parent.iterdir()):
            return
        parent.rmdir()


def _contents(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name not in (HYDRA, LOCK)] if folder.is_dir() else []
