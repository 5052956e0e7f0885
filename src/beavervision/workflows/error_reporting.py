"""Which errors are the user's to mend, and how they are told."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

from beavervision.errors import BeaverError

EXIT_INTERNAL_ERROR = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

PLACE = {
    errno.ENOSPC: "free some space or choose another paths.runs=",
    errno.EDQUOT: "free some space or choose another paths.runs=",
    errno.EACCES: "choose a place that you may use",
    errno.EPERM: "choose a place that you may use",
    errno.EROFS: "choose a place that can be written to, such as another paths.runs=",
    errno.ENOTDIR: "choose another paths.runs=",
    errno.EEXIST: "choose another paths.runs=",
    errno.ENOENT: "choose a place that exists, such as another paths.runs=",
    errno.EIO: "check the disk",
}
"""Errors of the place where a file lies -> remedy; other OSErrors are faults of ours."""

LESS = "take a smaller canvas (frame.height=), or less at once (datamodule.batch_size=, datamodule.rays=)"
WRITER = "PytorchStreamWriter failed"
"""How torch.save words a full disk, as RuntimeError."""


def is_user_error(error: BaseException) -> bool:
    """Whether `error` is the user's to mend."""
    if _memory(error):
        return True
    if isinstance(error, OSError):
        return error.errno in PLACE
    return isinstance(error, BeaverError) or (isinstance(error, RuntimeError) and WRITER in str(error))


def error_message(error: BaseException) -> str:
    """Return what to tell the user: what is wrong with which file, and the remedy."""
    if isinstance(error, OSError):
        place = error.filename or "the runs folder"
        return f"{place}: {error.strerror}; {PLACE[error.errno or 0]}."
    if _memory(error):
        return f"There is not enough memory ({_first_line(error)}); {LESS}."
    if WRITER in str(error):
        return f"A checkpoint cannot be written; {PLACE[errno.ENOSPC]}."
    return str(error)


def _memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, the GPU's, or the CPU's as PyTorch words it."""
    text = str(error)
    spent = "out of memory" in text or "can't allocate memory" in text
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and spent)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def print_error(error: BaseException) -> None:
    """Print the sentence to stderr."""
    print(f"error: {error_message(error)}", file=sys.stderr, flush=True)


def print_stopped(error: BaseException) -> None:
    """Print to stderr where a run was stopped, unless another process has printed it."""
    if str(error):
        print(error, file=sys.stderr, flush=True)


def wants_traceback(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for debugging, where no config could be composed to say so."""
    return any(a.startswith("debug=") or a == "run.debug=true" for a in arguments)
