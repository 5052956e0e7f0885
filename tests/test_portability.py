"""Windows and macOS: what one of the systems lacks is called in operating_system.py alone, behind a question."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beavervision import operating_system
from beavervision.operating_system import (
    STOP_SIGNALS,
    open_shared,
    peak_memory_mib,
    process_is_running,
    read_at,
    stop_process,
    wait_with_memory,
    write_at,
)

PACKAGE = Path(__file__).resolve().parents[1] / "src"
GUARDED = PACKAGE / "beavervision/operating_system.py"

MODULES = {
    *("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline", "curses", "winreg"),
}
"""Modules that one of the systems lacks."""
OF_OS = {
    *("fork", "forkpty", "kill", "killpg", "nice", "posix_spawn", "posix_spawnp", "wait", "wait3", "wait4", "waitid"),
    *("getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpriority", "getsid", "getuid", "setegid"),
    *("seteuid", "setgid", "setgroups", "setpgid", "setpriority", "setsid", "setuid", "initgroups", "uname", "WNOHANG"),
    *(
        "chown",
        "chroot",
        "fchmod",
        "fchown",
        "lchown",
        "link",
        "symlink",
        "mkfifo",
        "mknod",
        "openpty",
        "pipe2",
        "sync",
    ),
    *("pread", "preadv", "pwrite", "pwritev", "readv", "writev", "lockf", "sendfile", "statvfs", "sync"),
    *("getloadavg", "sysconf", "sched_getaffinity", "sched_setaffinity", "register_at_fork", "startfile"),
    *("posix_fadvise", "posix_fallocate", "O_BINARY", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC"),
}
"""Attributes of `os` that one of them lacks, or that mean something else there: kill ends the process, link and symlink
need rights."""
OF_SIGNAL = {
    *("SIGUSR1", "SIGUSR2", "SIGKILL", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGSTOP", "SIGCONT", "SIGQUIT", "SIGPIPE"),
    *("alarm", "pause"),
}
METHODS = {"add_signal_handler", "symlink_to", "hardlink_to", "pthread_kill", "setitimer"}
ARGUMENTS = {"preexec_fn", "pass_fds", "process_group"}
FOLDERS = ("/proc/", "/dev/", "/sys/", "/tmp", "/var/", "/usr/", "C:\\")


def special(node: ast.AST) -> str | None:
    """What one of the systems lacks, if the node is such a thing."""
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in OF_OS:
            return f"os.{name}"
        case ast.Attribute(value=ast.Name(id="signal"), attr=name) if name in OF_SIGNAL:
            return f"signal.{name}"
        case ast.Attribute(attr=name) if name in METHODS:
            return name
        case ast.keyword(arg=name) if name in ARGUMENTS:
            return name
        case ast.Import(names=names) if found := MODULES & {one.name.partition(".")[0] for one in names}:
            return f"import {min(found)}"
        case ast.ImportFrom(module=name) if (name or "").partition(".")[0] in MODULES:
            return f"import {name}"
        case ast.Constant(value=str(text)) if text.startswith(FOLDERS):
            return text
    return None


@pytest.fixture(scope="module")
def trees():
    """Path relative to src -> syntax tree, of every file."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_nothing_special_outside_the_guarded_place(trees):
    found = [
        f"{path}:{getattr(node, 'lineno', 0)}: {name}"
        for path, tree in trees.items()
        if path != GUARDED.relative_to(PACKAGE)
        for node in ast.walk(tree)
        if (name := special(node))
    ]
    assert not found


def test_in_the_guarded_place_every_call_is_behind_a_question():
    for function in ast.parse(GUARDED.read_text(encoding="utf-8")).body:
        names = {name for node in ast.walk(function) if (name := special(node))}
        if names and isinstance(function, ast.FunctionDef):
            asked = any(isinstance(node, ast.If) for node in function.body)
            assert asked, f"{function.name} calls {sorted(names)} on every system"
        else:
            assert not names


def test_the_docs_list_what_is_guarded():
    listed = (PACKAGE.parent / "docs/install.md").read_text(encoding="utf-8")
    tree = ast.parse(GUARDED.read_text(encoding="utf-8"))
    functions = {f.name for f in tree.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")}
    assert [name for name in sorted(functions) if f"`{name}`" not in listed] == []


def test_a_special_call_is_seen():
    for text in ("os.fork()", "import resource", "from fcntl import flock", "x = signal.SIGKILL", "open('/proc/1')"):
        assert any(special(node) for node in ast.walk(ast.parse(text))), text


def test_files_are_text_in_utf8(trees):
    # Windows would read and write the system's code page.
    for path, tree in trees.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="read_text" | "write_text"), keywords=keywords):
                    named = {one.arg for one in keywords}
                    assert "encoding" in named, f"{path}:{node.lineno}: no encoding"


def test_a_process_is_running_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    assert process_is_running(child.pid)
    child.communicate()
    assert not process_is_running(child.pid)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_process_is_stopped_with_what_it_started(at_once, windows, monkeypatch):
    monkeypatch.setattr(operating_system, "WINDOWS", windows)
    text = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    child = subprocess.Popen([sys.executable, "-c", text], start_new_session=True, **pipes)
    assert child.stdout.readline()  # both run
    stop_process(child.pid, at_once=at_once)
    assert child.wait(10) != 0
    if at_once or windows:
        assert child.stdout.read() == b""  # nobody holds the pipe any more
    child.stdin.close()
    stop_process(child.pid, at_once=at_once)  # it has ended


@pytest.mark.parametrize("windows", [False, True])
def test_a_child_is_waited_for_with_its_memory(windows, monkeypatch):
    # The polling that Windows needs works everywhere; only its name of the peak is Windows' own.
    monkeypatch.setattr(operating_system, "WINDOWS", windows)
    child = subprocess.Popen([sys.executable, "-c", "x = bytes(50_000_000); raise SystemExit(3)"])
    code, memory = wait_with_memory(child)
    assert code == 3
    assert memory > 50 or windows


def test_files_are_read_where_they_were_written(tmp_path, monkeypatch):
    import os

    for lacking in ((), ("pread", "pwrite")):
        for name in lacking:
            monkeypatch.delattr(os, name)
        descriptor = open_shared(tmp_path / f"shared{len(lacking)}")
        write_at(descriptor, b"\r\nabc", 3)
        assert read_at(descriptor, 4, 4) == b"\nabc"
        assert read_at(descriptor, 9, 100) == b""
        os.close(descriptor)


def test_peak_memory_and_signals():
    assert 5 < peak_memory_mib() < 100_000
    assert {signal.SIGINT, signal.SIGTERM} <= set(STOP_SIGNALS)
