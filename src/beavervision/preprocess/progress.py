"""Progress bars with an estimate of the remaining time, one per step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

ItemT = TypeVar("ItemT")


class Bar:
    """Progress bar of one step."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def advance(self) -> None:
        """Count one more item."""
        self._progress.advance(self._task)

    def reach(self, done: int) -> None:
        """Set the number of finished items."""
        self._progress.update(self._task, completed=done)


class Steps:
    """The steps of a preparation, each with its bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def bar(self, name: str, total: int, done: int = 0) -> Iterator[Bar]:
        """Progress bar of step `name`, which starts at `done` (cached items) of `total`."""
        task = self._progress.add_task(name, total=total, completed=done)
        yield Bar(self._progress, task)
        self._progress.update(task, completed=total)

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


@contextmanager
def shown_steps() -> Iterator[Steps]:
    """Show progress bars on the terminal while the block runs."""
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        yield Steps(progress)
