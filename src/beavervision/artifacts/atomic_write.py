"""Arrays of an artifact: safetensors files beside the manifest, written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from beavervision.artifacts.manifest import FieldSpec, Manifest
from beavervision.errors import BeaverError

LARGE = 64 << 20
"""Bytes from which an array file is mapped instead of read: half an hour of landmarks is 256 MB."""

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
"""safetensors' names of what artifacts hold."""

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
"""Errors that the place is to blame for, not what is written there."""


@contextmanager
def writing_to(path: Path, key: str) -> Iterator[None]:
    """Turn errors of the place (full disk, no permission, a file in the way) into one sentence.

    Raises:
        BeaverError: naming `path` and the configuration key that chooses another place.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        reason = error.strerror or error
        raise BeaverError(f"{path} cannot be written ({reason}); free some space or choose another {key}.") from error


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `folder` that takes its name when the block ends well.

    What stood under that name is replaced; when the block fails, nothing is left behind. Two processes may write
    the same folder at once: each into a sibling of its own, and the last to end is what stays.

    Raises:
        BeaverError: when the place cannot be written to or the disk is full.
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
        BeaverError: when the place cannot be written to or the disk is full.
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


def save_arrays(
    folder: Path, file: str, arrays: Mapping[str, np.ndarray], notes: Mapping[str, tuple[str, str]]
) -> dict[str, FieldSpec]:
    """Write `arrays` to `folder / file` (safetensors); `notes` maps a name to (unit, frame of reference)."""
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / file)
    specs = {}
    for name, array in arrays.items():
        unit, frame = notes.get(name, ("", ""))
        specs[name] = FieldSpec(file, str(array.dtype), tuple(array.shape), unit, frame)
    return specs


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, mapped: what is not looked at costs no memory.

    The format (huggingface/safetensors, README): 8 bytes with the length of a JSON header, the header, the arrays;
    its offsets count from the header's end.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    whole, first = np.memmap(path, np.uint8, "r"), 8 + length  # one descriptor for all arrays
    return {
        name: whole[slice(*(first + offset for offset in entry["data_offsets"]))]
        .view(DTYPES[entry["dtype"]])
        .reshape(entry["shape"])
        for name, entry in header.items()
    }


def load_arrays(folder: Path, manifest: Manifest, file: str) -> dict[str, np.ndarray]:
    """Read the arrays of `folder / file` and check them against the manifest.

    Raises:
        BeaverError: when the file is missing, damaged, or does not hold what the manifest says.
    """
    path = folder / file
    try:
        arrays = load_file(path) if path.stat().st_size < LARGE else map_arrays(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise BeaverError(f"{path} cannot be read ({error}); make the {manifest.kind} again.") from None
    for name, spec in manifest.fields.items():
        if spec.file != file:
            continue
        found = arrays.get(name.rpartition("/")[2], arrays.get(name))
        if found is None or tuple(found.shape) != spec.shape or str(found.dtype) != spec.dtype:
            raise BeaverError(
                f"{path}: {name} should be {spec.dtype} {spec.shape} by the manifest; make the {manifest.kind} again."
            )
    return arrays


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
