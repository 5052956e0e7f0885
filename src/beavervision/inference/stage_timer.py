"""Wall time of each stage of the pipeline, added up over all frames and threads."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

ItemT = TypeVar("ItemT")


class StageTimer:
    """Adds up wall time by stage name. Stages may run in several threads at once.

    Example:
        >>> timer = StageTimer()
        >>> with timer.measure("head"):
        ...     pass
        >>> list(timer.milliseconds_per_frame(10))
        ['head']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to `stage`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[stage] += time.perf_counter() - begin

    def measure_each(self, stage: str, items: Iterable[ItemT]) -> Iterator[ItemT]:
        """Yield `items`, and add the time that each takes to arrive to `stage`."""
        source = iter(items)
        while True:
            with self.measure(stage):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item

    def milliseconds_per_frame(self, n_frames: int) -> dict[str, float]:
        """Mean time of each stage, ms a frame, over `n_frames` frames."""
        return {stage: 1000 * seconds / max(n_frames, 1) for stage, seconds in self.seconds.items()}
