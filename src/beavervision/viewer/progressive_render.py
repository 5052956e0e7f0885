"""Renders what a camera sees, coarse first and then sharper; a newer camera stops the sharpening."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

HEIGHTS = (80, 160, 320, 640)
"""Rows of the images, one after the other."""
PATIENCE_S = 3.0
"""An image that would take longer is not begun: the page would not follow the next move for so long."""
GROWTH = 4.0
"""An image of twice the rows takes about this many times as long."""

ViewT = TypeVar("ViewT")
ImageT = TypeVar("ImageT")


class ProgressiveRender(Generic[ViewT, ImageT]):
    """A thread that renders the newest view.

    Args:
        render: makes an image of a view with this many rows.
        show: takes a view, its image, the image's rows and the seconds that it took; exceptions end the thread.
        heights: rows of the images, ascending.
    """

    def __init__(
        self,
        render: Callable[[ViewT, int], ImageT],
        show: Callable[[ViewT, ImageT, int, float], None],
        heights: tuple[int, ...] = HEIGHTS,
    ) -> None:
        self._render, self._show, self._heights = render, show, heights
        self._changed = threading.Condition()
        self._view: ViewT | None = None
        self._number, self._ended = 0, False
        self._thread = threading.Thread(target=self._run, name="progressive-render", daemon=True)
        self._thread.start()

    def request(self, view: ViewT) -> None:
        """Render this view next; what is rendered now is not sharpened any further."""
        with self._changed:
            self._view, self._number = view, self._number + 1
            self._changed.notify()

    def close(self) -> None:
        """End the thread after the image that it renders now."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        done = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda seen=done: self._ended or self._number != seen)
                if self._ended:
                    return
                view, done = self._view, self._number
            assert view is not None
            self._sharpen(view, done)

    def _sharpen(self, view: ViewT, number: int) -> None:
        """Render one view, until it is sharp or there is a newer one."""
        seconds = 0.0
        for height in self._heights:
            if self._ended or self._number != number or seconds * GROWTH > PATIENCE_S:
                return
            begun = time.perf_counter()
            image = self._render(view, height)
            seconds = time.perf_counter() - begun
            self._show(view, image, height, seconds)
