"""Runs one half of a chain of generators in another thread, with a bounded queue."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

ItemT = TypeVar("ItemT")

QUEUE_DEPTH = 4
"""Largest number of finished items in the queue; bounds memory."""


def prefetch(items: Iterable[ItemT], depth: int = QUEUE_DEPTH) -> Generator[ItemT, None, None]:
    """Yield `items` in order while a separate thread computes the next ones.

    Decoding, MediaPipe and OpenCV release the GIL, so that two halves of a chain use two cores. An exception in the
    thread is raised here; leaving early stops the thread.
    """
    queue: Queue = Queue(depth)
    stopped = Event()

    def offer(entry: tuple[bool, object]) -> bool:
        while not stopped.is_set():
            try:
                queue.put(entry, timeout=0.1)
                return True
            except Full:
                continue
        return False

    def produce() -> None:
        try:
            for item in items:
                if not offer((True, item)):
                    return
            offer((False, None))
        except BaseException as error:  # handed over to the consumer, of any type
            offer((False, error))
        finally:
            if isinstance(items, Generator):
                items.close()  # stops a chain of threads from its end

    thread = Thread(target=produce, daemon=True)
    thread.start()
    try:
        while True:
            more, item = queue.get()
            if more:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        stopped.set()
        thread.join()
