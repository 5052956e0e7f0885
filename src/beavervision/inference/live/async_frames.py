"""Iteration in a thread, for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterable
from threading import Event, Thread
from typing import TypeVar

from beavervision.errors import BeaverError

ItemT = TypeVar("ItemT")
LIMIT = 50
"""Items that may wait: two seconds of frames."""


class SlowConsumerError(BeaverError):
    """Whoever takes the frames of a live session does not keep up with them."""


async def iterate_in_thread(items: Iterable[ItemT], limit: int = LIMIT) -> AsyncIterator[ItemT]:
    """Yield the items that a thread takes from an iterable; leaving early stops the thread after its next item.

    Args:
        items: iterated in the thread.
        limit: items that may wait for the consumer.

    Raises:
        SlowConsumerError: when more are waiting.
    """
    loop, stop = asyncio.get_running_loop(), Event()
    queue: asyncio.Queue[tuple[bool, ItemT | BaseException | None]] = asyncio.Queue()

    def put(entry: tuple[bool, ItemT | BaseException | None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(queue.put_nowait, entry)

    def run() -> None:
        source = iter(items)
        try:
            for item in source:
                if stop.is_set():
                    return
                put((True, item))
            put((False, None))
        except BaseException as error:  # handed over, of any type
            put((False, error))
        finally:
            if isinstance(source, Generator):
                source.close()

    thread = Thread(target=run, daemon=True, name="live-session")
    thread.start()
    try:
        while True:
            if queue.qsize() > limit:
                raise SlowConsumerError(f"{queue.qsize()} frames are waiting; take them as they come.")
            more, item = await queue.get()
            if more:
                yield item  # pyright: ignore[reportReturnType]  # an entry with True holds an item
            elif isinstance(item, BaseException):
                raise item
            else:
                return
    finally:
        stop.set()
