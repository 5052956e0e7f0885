"""Lock of a folder, so that one command runs in it at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from lightning.fabric.utilities.rank_zero import rank_zero_only

from beavervision.artifacts.atomic_write import writing_to
from beavervision.errors import StorageError
from beavervision.workflows.run_folder import LOCK, display_path


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Context manager that locks a run's folder; the operating system releases the lock when the process dies.

    In distributed training, rank 0 holds the lock for all processes of the job.

    Raises:
        StorageError: when another command holds the lock.
    """
    if getattr(rank_zero_only, "rank", 0):
        yield
        return
    path = folder / LOCK
    with writing_to(folder, "paths.runs"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = path.read_text(encoding="utf-8").strip()
        who = f" ({owner})" if owner else ""
        raise StorageError(
            f"{display_path(folder)} is being trained by another command{who}; wait for it, or give this one another "
            "seed=."
        ) from None
    try:
        path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


@contextmanager
def wait_for_lock(folder: Path) -> Iterator[None]:
    """Lock a folder that several jobs want to create; the others wait and then find it."""
    if folder.exists():
        yield
        return
    path = folder.with_name(f".{folder.name}.lock")
    with writing_to(folder, "paths.runs"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
    try:
        with lock:
            yield
    finally:
        # Waiting processes have the lock file open; later ones find the folder.
        path.unlink(missing_ok=True)
