"""Progress of rendering: a bar on a terminal, otherwise lines at intervals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY = 15.0
"""Seconds between two lines."""


@contextmanager
def progress_bar(n_frames: int, doing: str = "speaking") -> Iterator[Callable[[int], None]]:
    """Yield a function that takes the number of frames done and shows rate and remaining time on stderr.

    Args:
        n_frames: number of frames of the video.
        doing: description of the work.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield progress_lines(n_frames, doing)
        return
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f} frames/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(doing, total=n_frames, rate=0.0)

        def shown(done: int) -> None:
            elapsed = bar.tasks[task].elapsed or 1e-9
            bar.update(task, completed=done, rate=done / elapsed)

        yield shown


def progress_lines(
    n_frames: int, doing: str = "speaking", every: float = EVERY, clock: Callable[[], float] = time.monotonic
) -> Callable[[int], None]:
    """Return a function that writes a line to stderr at most every `every` seconds.

    Args:
        n_frames: number of frames of the video.
        doing: description of the work.
        every: seconds between two lines.
        clock: monotonic clock, seconds.
    """
    begun = last = clock()

    def shown(done: int) -> None:
        nonlocal last
        now = clock()
        if now - last < every:
            return
        last = now
        rate = done / (now - begun)
        left = round((n_frames - done) / rate)
        print(
            f"{doing}: {done}/{n_frames} frames, {rate:.1f} frames/s, {left // 60}:{left % 60:02} left",
            file=sys.stderr,
            flush=True,
        )

    return shown
