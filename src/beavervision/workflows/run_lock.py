"""One command at a time in one folder."""

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
    """Hold a run's folder; the operating system lets go of it when the process dies.

    Of several processes of one job (DDP), the first holds it for all.

    Raises:
        StorageError: when another command holds it.
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
    """Hold a folder that is not there yet and that several jobs want to make; the others wait and find it made."""
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
        # Whoever waits has the file open; whoever comes later finds the folder.
        path.unlink(missing_ok=True)
