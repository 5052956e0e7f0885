"""Progress bars with an estimate of the remaining time, one per step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

ItemT = TypeVar("ItemT")
Report = Callable[[str, int, int], None]
"""Called with the name of a step, how many of its frames are done, and their total."""


class Bar:
    """Progress bar of one step."""

    def __init__(self, name: str, total: int, done: int, progress: Progress, report: Report | None) -> None:
        self._name, self._total, self._done = name, total, done
        self._progress, self._report = progress, report
        self._task = progress.add_task(name, total=total, completed=done)

    def advance(self) -> None:
        """Count one more item."""
        self.reach(self._done + 1)

    def reach(self, done: int) -> None:
        """Set the number of finished items."""
        self._done = done
        self._progress.update(self._task, completed=done)
        if self._report is not None:
            self._report(self._name, done, self._total)


class Steps:
    """The steps of a preparation, each with its bar.

    Args:
        progress: where the bars are drawn.
        report: called besides, for example by the Python API.
    """

    def __init__(self, progress: Progress, report: Report | None = None) -> None:
        self._progress, self._report = progress, report

    @contextmanager
    def bar(self, name: str, total: int, done: int = 0) -> Iterator[Bar]:
        """Progress bar of step `name`, which starts at `done` (cached items) of `total`."""
        bar = Bar(name, total, done, self._progress, self._report)
        yield bar
        bar.reach(total)

    def over(self, name: str, items: Iterable[ItemT], total: int) -> Iterator[ItemT]:
        """Yield `items` and advance the bar of step `name`."""
        with self.bar(name, total) as bar:
            for item in items:
                yield item
                bar.advance()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a step of unknown length."""
        task = self._progress.add_task(name, total=None)
        yield
        self._progress.update(task, total=1, completed=1)
        if self._report is not None:
            self._report(name, 1, 1)


@contextmanager
def shown_steps(report: Report | None = None) -> Iterator[Steps]:
    """Show progress bars on the terminal while the block runs; see `Steps`."""
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        yield Steps(progress, report)
