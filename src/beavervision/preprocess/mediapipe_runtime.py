"""MediaPipe's native runtime: less logging, and graphs that run on a given region."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def quiet_native() -> Iterator[None]:
    """Redirect the output of native code on file descriptor 2 to /dev/null; Python's sys.stderr is not affected.

    MediaPipe logs before it reads its log level, so no environment variable silences it.
    """
    sys.stderr.flush()
    kept, nowhere, python_stderr = os.dup(2), os.open(os.devnull, os.O_WRONLY), sys.stderr
    # Under pytest sys.stderr is not file descriptor 2 and needs no replacement.
    follows = getattr(python_stderr, "fileno", None) is not None and _writes_to(python_stderr, 2)
    mirror = os.fdopen(os.dup(kept), "w", buffering=1) if follows else None
    os.dup2(nowhere, 2)
    if mirror:
        sys.stderr = mirror
    try:
        yield
    finally:
        if mirror:
            mirror.flush()
            sys.stderr = python_stderr
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
        if mirror:
            mirror.close()


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (AttributeError, OSError, ValueError):
        return False
