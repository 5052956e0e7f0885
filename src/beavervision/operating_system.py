"""What differs between operating systems; no other module calls a function that one of them lacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import get_native_id

WINDOWS = sys.platform == "win32"

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
)
"""Ctrl-C; the termination signal; and, not on Windows, the two that Slurm sends before a time limit or preemption."""

MEBI = 2**20
GLANCE = 0.2
"""Seconds between two looks at a child process's memory, on Windows."""


def process_is_running(pid: int) -> bool:
    """Whether a process of this machine is still running."""
    if WINDOWS:
        import psutil

        # os.kill(pid, 0) would send Ctrl-C there.
        return psutil.pid_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stop_process(pid: int, *, at_once: bool) -> None:
    """Ask a process that leads a group to stop, or end it and all that it started.

    Args:
        pid: the process; nothing happens when it has ended.
        at_once: end the group instead of asking. Windows cannot ask: it always ends the process and its children.
    """
    if WINDOWS:
        _terminate_tree(pid)
        return
    with suppress(ProcessLookupError, PermissionError):
        if at_once:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)


def lower_thread_priority(ranks: int) -> None:
    """Let other threads run before the calling one; only on Linux, where each thread has its own rank."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + ranks)


def peak_memory_mib() -> float:
    """Peak memory of this process, MiB."""
    if WINDOWS:
        import psutil

        return psutil.Process().memory_info().peak_wset / MEBI  # pyright: ignore[reportAttributeAccessIssue]  # psutil of Windows
    import resource

    return _unix_mib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def wait_with_memory(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for a child process.

    Returns:
        Its exit code, and its peak memory in MiB; on Windows without what it took in its last fifth of a second.
    """
    if WINDOWS:
        return _watched(process)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, _unix_mib(used.ru_maxrss)


def open_shared(path: Path) -> int:
    """Descriptor of a file that several processes read and write at given positions; it is created if missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)


def read_at(descriptor: int, n_bytes: int, position: int) -> bytes:
    """Read up to `n_bytes` at a position of a file."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, n_bytes, position)
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, n_bytes)


def write_at(descriptor: int, content: bytes, position: int) -> None:
    """Write at a position of a file."""
    if hasattr(os, "pwrite"):
        os.pwrite(descriptor, content, position)
        return
    os.lseek(descriptor, position, os.SEEK_SET)
    os.write(descriptor, content)


def _terminate_tree(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (*parent.children(recursive=True), parent):
            with suppress(psutil.NoSuchProcess):
                process.terminate()


def _unix_mib(maxrss: int) -> float:
    """Linux reports KiB, macOS bytes."""
    return maxrss / (MEBI if sys.platform == "darwin" else 2**10)


def _watched(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    import psutil

    peak = 0.0
    while True:
        try:
            peak = max(peak, getattr(psutil.Process(process.pid).memory_info(), "peak_wset", 0) / MEBI)
            return process.wait(GLANCE), peak
        except subprocess.TimeoutExpired:
            continue
        except psutil.NoSuchProcess:
            return process.wait(), peak
