"""Standard output for a film alone: whatever else is printed goes to standard error meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from beavervision.errors import BeaverError

OUT, ERR = 1, 2
"""Descriptors."""


@contextmanager
def only_bytes() -> Iterator[BinaryIO]:
    """Yield standard output for writing bytes; prints, also those of libraries, are shown on standard error.

    Raises:
        BeaverError: when a terminal would show the bytes.
    """
    if os.isatty(OUT):
        raise BeaverError("out=- writes a film to standard output, which is a terminal; pipe it: ... out=- | ffplay -")
    sys.stdout.flush()
    pipe = os.dup(OUT)
    os.dup2(ERR, OUT)
    before, sys.stdout = sys.stdout, sys.stderr
    try:
        with os.fdopen(pipe, "wb", closefd=False) as out:
            yield out
    finally:
        sys.stdout = before
        os.dup2(pipe, OUT)
        os.close(pipe)
