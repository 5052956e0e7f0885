"""Pictures of a live session: drawn in other threads, shown when they are ready."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from beavervision.inference.live.face import Image
from beavervision.operating_system import lower_thread_priority

DRAWING_RANK = 3
"""By how much threads that draw are nicer than the others."""
BACKLOG = 3
"""Pictures of one session that may be in work or wait for it. With more, those that wait give way to newer ones."""


class PendingPicture(Protocol):
    """A picture that is being drawn: the part of `concurrent.futures.Future` that a session uses."""

    def done(self) -> bool:
        """Whether it is ready, failed or cancelled."""
        ...

    def cancelled(self) -> bool:
        """Whether it was cancelled before it was begun."""
        ...

    def result(self) -> Image:
        """The picture; raises what drawing it raised."""
        ...

    def cancel(self) -> bool:
        """Do not draw it, unless that has begun."""
        ...


class PicturePool(Protocol):
    """Draws pictures; the part of `concurrent.futures.Executor` that a session uses."""

    def submit(self, draw: Callable[[], Image], /) -> PendingPicture:
        """Have a picture drawn."""
        ...


@lru_cache(1)
def shared_pool(workers: int = 2) -> Executor:
    """Threads that draw the pictures of all sessions of this process."""
    return ThreadPoolExecutor(workers, "live-picture", _yield_to_the_sound)


def _yield_to_the_sound() -> None:
    """Let threads of sound and network run first where processors are short; on Linux, each thread has its own rank."""
    lower_thread_priority(DRAWING_RANK)


@dataclass
class PictureCounts:
    """How a session's pictures fared."""

    shown: int = 0
    """Frames that showed a new picture."""
    repeated: int = 0
    """Frames that showed the picture before once more, because the new one was late."""
    dropped: int = 0
    """Pictures that were never shown."""


class PictureQueue:
    """Pictures by their tick; the newest one that is ready is shown.

    Args:
        pool: draws them.
        first: shown until another one is ready.
    """

    def __init__(self, pool: PicturePool, first: Image) -> None:
        self._pool, self._shown, self._shown_tick = pool, first, -1
        self._pending: deque[tuple[int, PendingPicture]] = deque()
        self.counts = PictureCounts()

    def request(self, tick: int, draw: Callable[[], Image]) -> None:
        """Have the picture of a tick drawn; ticks rise.

        Where too many are in work, the oldest that was not begun is given up for it; if all were begun, it is dropped.
        """
        if sum(not picture.done() for _, picture in self._pending) >= BACKLOG:
            self.counts.dropped += 1
            waiting = next((one for one in self._pending if not one[1].done() and one[1].cancel()), None)
            if waiting is None:
                return
            self._pending.remove(waiting)
        self._pending.append((tick, self._pool.submit(draw)))

    def replace(self, tick: int, draw: Callable[[], Image]) -> None:
        """Have another picture drawn for a tick and all later ones forgotten."""
        while self._pending and self._pending[-1][0] >= tick:
            self._pending.pop()[1].cancel()
        self._pending.append((tick, self._pool.submit(draw)))

    def show(self, tick: int) -> tuple[Image, bool]:
        """The picture to show at a tick, and whether it is a new one.

        Raises:
            Exception: that drawing raised.
        """
        found = [i for i, (at, picture) in enumerate(self._pending) if at <= tick and picture.done()]
        fresh = False
        if found:
            for _ in range(found[-1] + 1):
                at, picture = self._pending.popleft()
                if picture.done() and not picture.cancelled():
                    self.counts.dropped += fresh
                    self._shown, self._shown_tick, fresh = picture.result(), at, True
                else:
                    picture.cancel()
                    self.counts.dropped += 1
        self.counts.shown += fresh
        self.counts.repeated += not fresh
        return self._shown, fresh

    @property
    def shown_tick(self) -> int:
        """Tick of the picture that was shown last; -1 for the first of all."""
        return self._shown_tick

    def close(self) -> None:
        """Cancel what is not drawn yet."""
        while self._pending:
            self._pending.pop()[1].cancel()
