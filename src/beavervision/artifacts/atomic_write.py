"""Files and folders that are written whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beavervision.errors import StorageError

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
"""Errors that the place is to blame for, not what is written there."""


@contextmanager
def writing_to(path: Path, key: str) -> Iterator[None]:
    """Turn errors of the place (full disk, no permission, a file in the way) into one sentence.

    Raises:
        StorageError: naming `path` and the configuration key that chooses another place.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        reason = error.strerror or error
        raise StorageError(f"{path} cannot be written ({reason}); free some space or choose another {key}.") from error


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `folder` that takes its name when the block ends well.

    What stood under that name is replaced; when the block fails, nothing is left behind. Two processes may write
    the same folder at once: each into a sibling of its own, and the last to end is what stays.

    Raises:
        StorageError: when the place cannot be written to or the disk is full.
    """
    folder = Path(folder)
    part, old = (temporary_sibling(folder, state) for state in ("part", "old"))
    try:
        with writing_to(folder, "paths.runs"):
            part.mkdir(parents=True)
            remove_abandoned(folder)
            yield part
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
    """Yield a temporary sibling of `path` (same suffix) that takes its name when the block ends well.

    Raises:
        StorageError: when the place cannot be written to or the disk is full.
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
    """Return a sibling of `path` that no other process and no other call writes to; it keeps the suffix.

    Args:
        path: what will stand there in the end.
        state: what the sibling is: `part` or `old`.
    """
    return path.with_name(f".{path.stem}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.{state}{path.suffix}")


def remove_abandoned(path: Path) -> None:
    """Remove siblings of `path` that processes of this machine wrote and did not live to finish.

    Those of other machines, on a shared disk, may still be written and are let be.
    """
    name = re.escape(path.stem), re.escape(_host()), re.escape(path.suffix)
    mark = re.compile(r"\.{}\.{}-(\d+)-[0-9a-f]{{8}}\.(part|old){}".format(*name))
    for sibling in path.parent.glob(".*"):
        found = mark.fullmatch(sibling.name)
        if found and not is_running(int(found[1])):
            shutil.rmtree(sibling, ignore_errors=True) if sibling.is_dir() else sibling.unlink(missing_ok=True)


def _host() -> str:
    return re.sub(r"[^\w]+", "_", socket.gethostname()) or "here"


def is_running(pid: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
