"""What the numbers of a stage's config may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from beavervision.errors import ConfigError


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest value of a number, both allowed."""

    low: float
    high: float = math.inf
    whole: bool = False
    """Whether it counts things."""

    def allow(self, value: object) -> bool:
        """Whether `value` is such a number.

        Example:
            >>> Bounds(1, 8, whole=True).allow(2.5), Bounds(0, 1).allow(1), Bounds(0, 1).allow("half")
            (False, True, False)
        """
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        number = float(value)
        return math.isfinite(number) and self.low <= number <= self.high and (not self.whole or number.is_integer())

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} on" if math.isinf(self.high) else f"{kind} from {self.low:g} to {self.high:g}"


def integer(low: int = 1, high: float = math.inf) -> Bounds:
    """Limits of how many there are.

    Example:
        >>> str(integer()), str(Bounds(0, 1))
        ('a whole number from 1 on', 'a number from 0 to 1')
    """
    return Bounds(low, high, whole=True)


SHARE, ANY = Bounds(0, 1), Bounds(0)
"""Of something; any number that is not negative."""


def check_bounds(values: Mapping[str, Any], limits: Mapping[str, Bounds], node: str) -> None:
    """Check numbers of a config node; what is null or not there is not looked at.

    Args:
        values: the node.
        limits: key, with dots where it is nested -> what it may be.
        node: where it stands in the config, for the sentence.

    Raises:
        ConfigError: when a value is something else.
    """
    for key, allowed in limits.items():
        value: Any = values
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and not allowed.allow(value):
            raise ConfigError(f"{node}.{key}={value} cannot be; give {allowed}.")
