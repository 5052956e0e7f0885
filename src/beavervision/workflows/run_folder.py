"""The folder of a run: what Hydra puts there, what we put there, and when it is forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

HYDRA = ".hydra"
"""Where Hydra notes the config of the last start."""
LOCK = ".lock"
"""Held by the process that trains there."""


def run_folder() -> Path:
    """Return the folder of the running job."""
    return Path(HydraConfig.get().runtime.output_dir)


def display_path(path: Path) -> Path:
    """Return a path as short as it can be told: from here when it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def is_fresh_run_folder() -> bool:
    """Whether nothing of value lies in the job's folder yet."""
    return not _contents(run_folder())


def remove_if_empty(runs: str) -> None:
    """Remove the job's folder, and the folders above it up to `runs`, where nothing of value lies in them."""
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
