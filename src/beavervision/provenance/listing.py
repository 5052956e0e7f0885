"""What a sidecar is bound to where there is no single file: a list of files with their hashes.

The list is what `sha256sum` prints, so that anybody can make it again: `(cd folder && LC_ALL=C sha256sum *)` for a
folder of pictures, `sha256sum < film.nut` for a film from a pipe.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from beavervision.artifacts.manifest import sha256_file

LISTING_TYPE = "text/plain"
"""Media type of a list."""


def folder_listing(folder: Path) -> bytes:
    """Return the list of the files in a folder, by name; hidden files and folders are not part of it."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return "".join(f"{sha256_file(folder / name)}  {name}\n" for name in names).encode()


def stream_listing(sha256: str) -> bytes:
    r"""Return the list for bytes without a name.

    Example:
        >>> stream_listing("ab")
        b'ab  -\n'
    """
    return f"{sha256}  -\n".encode()


class HashingPipe:
    """Passes bytes on to a pipe and keeps their hash.

    Args:
        pipe: open for writing bytes.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe, self._digest = pipe, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write all bytes and return their number."""
        self._pipe.write(data)
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._pipe.flush()

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the bytes so far."""
        return self._digest.hexdigest()
