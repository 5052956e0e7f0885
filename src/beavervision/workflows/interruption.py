"""Ctrl-C that lets the work end in good order."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_interruption(answer: str) -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether someone asked to stop; who asks twice stops the program at once.

    Args:
        answer: what is said to the first.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        print(f"\n{answer}; again to stop at once", file=sys.stderr, flush=True)
        signal.signal(number, before[number])

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before: dict[int, Any] = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
