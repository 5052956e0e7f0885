"""Checks of a stage's config: the valid range of each number, and settings that do not exist."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar

from beavervision.errors import ConfigError


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest allowed value of a number, both inclusive."""

    low: float
    high: float = math.inf
    whole: bool = False
    """Whether the number must be an integer."""

    def allow(self, value: object) -> bool:
        """Whether `value` is within the bounds.

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
    """Bounds of an integer.

    Example:
        >>> str(integer()), str(Bounds(0, 1))
        ('a whole number from 1 on', 'a number from 0 to 1')
    """
    return Bounds(low, high, whole=True)


SHARE, ANY = Bounds(0, 1), Bounds(0)
"""Bounds of a share; bounds of any non-negative number."""


def check_bounds(values: Mapping[str, Any], limits: Mapping[str, Bounds], node: str) -> None:
    """Check numbers of a config node; values that are null or missing are skipped.

    Args:
        values: the config node.
        limits: key (with dots where nested) -> its bounds.
        node: config path of the node, for the error message.

    Raises:
        ConfigError: when a value is outside its bounds.
    """
    for key, allowed in limits.items():
        value: Any = values
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and not allowed.allow(value):
            raise ConfigError(f"{node}.{key}={value} cannot be; give {allowed}.")


ResultT = TypeVar("ResultT")


def build_checked(what: Callable[..., ResultT], given: Mapping[str, Any], node: str, **more: Any) -> ResultT:
    """Call `what` with the settings of a config node; unknown names are refused.

    Args:
        what: class or function to call.
        given: settings of the node.
        node: config path of the node, for the error message.
        more: arguments that do not come from the config.

    Raises:
        ConfigError: when a name is unknown.
    """
    accepted = [name for name in inspect.signature(what).parameters if name not in more]
    for name in given:
        if name not in accepted:
            near = difflib.get_close_matches(name, accepted, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(accepted)}."
            raise ConfigError(f"{node}.{name} is not a setting; {hint}")
    return what(**given, **more)
