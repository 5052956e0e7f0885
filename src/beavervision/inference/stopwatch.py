"""How long each part of a pipeline takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

ItemT = TypeVar("ItemT")


class Stopwatch:
    """Adds up wall time by the name of the part; parts may run side by side."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count what the block takes towards `part`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[part] += time.perf_counter() - begin

    def over(self, part: str, items: Iterable[ItemT]) -> Iterator[ItemT]:
        """Yield `items` and count what they take to come towards `part`."""
        source = iter(items)
        while True:
            with self(part):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item

    def each(self, n: int) -> dict[str, float]:
        """Milliseconds of each part for one of `n` frames."""
        return {part: 1000 * seconds / max(n, 1) for part, seconds in self.seconds.items()}
