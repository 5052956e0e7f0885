"""Names of what is being written, each process its own, and the removal of what dead processes left."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
from pathlib import Path


def own_name(path: Path, state: str) -> Path:
    """Return a sibling of `path` that no other process and no other call writes to; it keeps the suffix.

    Args:
        path: what will stand there in the end.
        state: what the sibling is: `part` or `old`.
    """
    return path.with_name(f".{path.stem}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.{state}{path.suffix}")


def clear_dead(path: Path) -> None:
    """Remove siblings of `path` that processes of this machine wrote and did not live to finish.

    Those of other machines, on a shared disk, may still be written and are let be.
    """
    name = re.escape(path.stem), re.escape(_host()), re.escape(path.suffix)
    mark = re.compile(r"\.{}\.{}-(\d+)-[0-9a-f]{{8}}\.(part|old){}".format(*name))
    for sibling in path.parent.glob(".*"):
        found = mark.fullmatch(sibling.name)
        if found and not alive(int(found[1])):
            shutil.rmtree(sibling, ignore_errors=True) if sibling.is_dir() else sibling.unlink(missing_ok=True)


def _host() -> str:
    return re.sub(r"[^\w]+", "_", socket.gethostname()) or "here"


def alive(pid: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
