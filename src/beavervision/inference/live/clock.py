"""The time of a live session."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits; tests bring one that does not wait."""

    def now(self) -> float:
        """Seconds since any moment; never goes back."""
        ...

    def sleep_until(self, moment: float) -> None:
        """Return at `moment`, or at once where it has passed."""
        ...


class SystemClock:
    """The computer's monotonic clock."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Sleep until `moment`."""
        if (remaining := moment - time.monotonic()) > 0:
            time.sleep(remaining)
