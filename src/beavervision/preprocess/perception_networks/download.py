"""Downloads a model file once: resumed when interrupted, checked against its SHA-256, renamed when complete."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import certifi
from filelock import FileLock
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from beavervision.artifacts.atomic_write import writing_to
from beavervision.artifacts.manifest import sha256_file
from beavervision.errors import DependencyError
from beavervision.preprocess.perception_networks.model_files import VARIABLE, ModelFile

TRIES, TIMEOUT = 3, 20.0
"""Connections per file, each of which continues where the one before broke off; and seconds without an answer."""

BLOCK = 1 << 16


def download(file: ModelFile, folder: Path) -> Path:
    """Download a model file into a folder; a file that is already there is left as it is.

    Two processes may ask for the same file at once: the second waits for the first.

    Args:
        file: what to download.
        folder: created when it does not exist.

    Raises:
        DependencyError: when the host cannot be reached or sends something else.
        StorageError: when the folder cannot be written.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    with writing_to(path, VARIABLE):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{file.name}.lock"):
            if not path.is_file():
                _fetch(file, part, folder)
                os.replace(part, path)
    return path


def _fetch(file: ModelFile, part: Path, folder: Path) -> None:
    """Complete `part`, and check it."""
    reason: object = "the connection broke off"
    with _bar(file) as reach:
        for _ in range(TRIES):
            try:
                _continue(file, part, reach)
            except urllib.error.HTTPError as error:
                if error.code != 416:  # 416: the partial file is longer than the file of the host
                    raise _unreachable(file, folder, f"HTTP {error.code} {error.reason}") from None
                part.unlink(missing_ok=True)
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                reason = getattr(error, "reason", None) or error or type(error).__name__
            if part.is_file() and part.stat().st_size >= file.size:
                break
        else:
            raise _unreachable(file, folder, reason)
    found = sha256_file(part)
    if found != file.sha256:
        part.unlink()
        raise DependencyError(
            f"{file.url} sent a file with SHA-256 {found[:12]}.. instead of {file.sha256[:12]}..; try another network, "
            f"or put the right {file.name} into {folder}."
        )


def _continue(file: ModelFile, part: Path, reach: Callable[[int], None]) -> None:
    """Append what is missing; hosts that do not resume send the whole file."""
    have = part.stat().st_size if part.is_file() else 0
    if have >= file.size:
        return
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-", "User-Agent": "beavervision"})
    with urllib.request.urlopen(request, timeout=TIMEOUT, context=_context(file.url)) as answer:
        resumed = answer.status == 206
        have = have if resumed else 0
        with part.open("ab" if resumed else "wb") as stream:
            # One byte beyond the known size is enough to see that it is another file.
            while have <= file.size and (block := answer.read(BLOCK)):
                stream.write(block)
                have += len(block)
                reach(have)


def _context(url: str) -> ssl.SSLContext | None:
    """The system's certificates and certifi's: Python of python.org has none of the system's on macOS."""
    if not url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _bar(file: ModelFile) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.description:<28}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns) as progress:
        task = progress.add_task(file.name, total=file.size)
        yield lambda done: progress.update(task, completed=done)


def _unreachable(file: ModelFile, folder: Path, reason: object) -> DependencyError:
    return DependencyError(
        f"{file.name} ({file.purpose}, {file.size / 1e6:.1f} MB) cannot be downloaded from {file.url} ({reason}); "
        f"download it elsewhere and put it into {folder}, or set {VARIABLE} to the folder that has it."
    )
