"""Atomic writes: files and folders appear complete or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beavervision.errors import StorageError
from beavervision.operating_system import process_is_running

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
"""Errors caused by the location (disk, permissions), not by the data."""


@contextmanager
def writing_to(path: Path, key: str) -> Iterator[None]:
    """Convert errors of the location (full disk, no permission, a file in the way) to a one-sentence error.

    Raises:
        StorageError: names `path` and the configuration key that selects another location.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        reason = error.strerror or error
        raise StorageError(f"{path} cannot be written ({reason}); free some space or choose another {key}.") from error


@contextmanager
def atomic_folder(folder: Path, complete: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """Yield a temporary sibling of `folder`, which is renamed to `folder` when the block succeeds.

    An existing folder is replaced; when the block fails, nothing is left behind. Two processes may write the same
    folder at once: each writes its own sibling, and the last one to finish wins.

    Args:
        folder: the final path.
        complete: for a cache, whose name determines its content: a folder for which this is true is kept, because
            another process that wrote it meanwhile may already read it.

    Raises:
        StorageError: when the location cannot be written or the disk is full.
    """
    folder = Path(folder)
    part, old = (temporary_sibling(folder, state) for state in ("part", "old"))
    try:
        with writing_to(folder, "paths.runs"):
            part.mkdir(parents=True)
            remove_abandoned(folder)
            yield part
            if complete is None or not complete(folder):
                _take_name(part, folder, old)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _take_name(part: Path, folder: Path, old: Path) -> None:
    """Rename `part` to `folder`; another process may do the same at any moment."""
    while True:
        with suppress(FileNotFoundError):
            folder.rename(old)
        try:
            part.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` (same suffix), which is renamed to `path` when the block succeeds.

    Raises:
        StorageError: when the location cannot be written or the disk is full.
    """
    path = Path(path)
    part = temporary_sibling(path, "part")
    with writing_to(path, "out"):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def temporary_sibling(path: Path, state: str) -> Path:
    """Return a sibling path of `path` that no other process or call uses; it keeps the suffix.

    Args:
        path: the final path.
        state: purpose of the sibling: `part` or `old`.
    """
    return path.with_name(f".{path.stem}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.{state}{path.suffix}")


def remove_abandoned(path: Path) -> None:
    """Remove the siblings of `path` that terminated processes of this machine left behind.

    Those of other machines, on a shared disk, may still be in use and are kept.
    """
    name = re.escape(path.stem), re.escape(_host()), re.escape(path.suffix)
    mark = re.compile(r"\.{}\.{}-(\d+)-[0-9a-f]{{8}}\.(part|old){}".format(*name))
    for sibling in path.parent.glob(".*"):
        found = mark.fullmatch(sibling.name)
        if found and not process_is_running(int(found[1])):
            shutil.rmtree(sibling, ignore_errors=True) if sibling.is_dir() else sibling.unlink(missing_ok=True)


def _host() -> str:
    return re.sub(r"[^\w]+", "_", socket.gethostname()) or "here"
