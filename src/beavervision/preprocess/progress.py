"""Progress bars with an estimate, one a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

ItemT = TypeVar("ItemT")


class Steps:
    """The steps of a preparation, each with its bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def over(self, name: str, items: Iterable[ItemT], total: int) -> Iterator[ItemT]:
        """Yield `items` while the bar of step `name` fills up."""
        task = self._progress.add_task(name, total=total)
        for item in items:
            yield item
            self._progress.advance(task)
        self._progress.update(task, completed=total)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step whose length is not known beforehand."""
        task = self._progress.add_task(name, total=None)
        yield
        self._progress.update(task, total=1, completed=1)


@contextmanager
def shown_steps() -> Iterator[Steps]:
    """Show bars on the terminal while the block runs."""
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
