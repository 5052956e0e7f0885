"""How long each part of a pipeline takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up wall time by the name of the part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count what the block takes towards `part`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - begin

    def each(self, n: int) -> dict[str, float]:
        """Milliseconds of each part for one of `n` frames."""
        return {part: 1000 * seconds / max(n, 1) for part, seconds in self.seconds.items()}
