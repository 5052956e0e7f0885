"""Durations as the command line gives them: `trainer.max_time=00:10:00`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from beavervision.errors import BeaverError

CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,3}):)?(\d{1,2}):(\d{2})")


def duration(value: Any) -> timedelta | None:
    """Return a duration: "[[days:]hours:]minutes:seconds", a number of seconds, or {hours: 1, minutes: 30}.

    Raises:
        BeaverError: when it is none of these.

    Example:
        >>> duration("00:10:00"), duration("1:00:00:00"), duration(90)
        (datetime.timedelta(seconds=600), datetime.timedelta(days=1), datetime.timedelta(seconds=90))
    """
    if value is None or isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, Mapping):
            return timedelta(**{str(unit): amount for unit, amount in value.items()})
        if found := CLOCK.fullmatch(str(value).strip()):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return timedelta(seconds=float(value))
    except (TypeError, ValueError):
        raise BeaverError(f"trainer.max_time={value} is no duration; write hours:minutes:seconds, 00:10:00.") from None
