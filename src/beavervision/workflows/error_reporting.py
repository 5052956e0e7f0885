"""Distinguishes errors of the user from bugs, and prints the former as one sentence."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

from beavervision.config.conf_folder import conf_folder
from beavervision.errors import BeaverError

EXIT_INTERNAL_ERROR = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as in shells."""

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
"""Errors of a file's location -> remedy; other OSErrors are bugs."""

LESS = "take a smaller canvas (frame.height=), or less at once (datamodule.batch_size=, datamodule.rays=)"
WRITER = "PytorchStreamWriter failed"
"""Text of torch.save's RuntimeError for a full disk."""


def is_user_error(error: BaseException) -> bool:
    """Whether the user can correct `error`."""
    if _memory(error):
        return True
    if isinstance(error, OSError):
        return error.errno in PLACE
    return isinstance(error, BeaverError) or (isinstance(error, RuntimeError) and WRITER in str(error))


def error_message(error: BaseException) -> str:
    """Return the message for the user: what is wrong with which file, and the remedy."""
    if isinstance(error, OSError):
        place = error.filename or "the runs folder"
        return f"{place}: {error.strerror}; {PLACE[error.errno or 0]}."
    if _memory(error):
        return f"There is not enough memory ({_first_line(error)}); {LESS}."
    if WRITER in str(error):
        return f"A checkpoint cannot be written; {PLACE[errno.ENOSPC]}."
    return str(error)


def _memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, the GPU's, or the CPU's (as worded by PyTorch)."""
    text = str(error)
    spent = "out of memory" in text or "can't allocate memory" in text
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and spent)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def print_error(error: BaseException) -> None:
    """Print the message to stderr, as the last line: what standard output still holds comes before it."""
    sys.stdout.flush()
    print(f"error: {error_message(error)}", file=sys.stderr, flush=True)


def print_stopped(error: BaseException) -> None:
    """Print to stderr where a run was stopped, unless another process has printed it."""
    if str(error):
        print(error, file=sys.stderr, flush=True)


def wants_traceback(arguments: Sequence[str]) -> bool:
    """Whether the command line requests debugging, where no config could be composed."""
    known = {f"debug={path.stem}" for path in (conf_folder() / "debug").glob("*.yaml")}
    return any(argument in known or argument == "run.debug=true" for argument in arguments)
