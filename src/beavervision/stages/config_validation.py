"""Checks nested settings of a module against the signature that takes them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from beavervision.errors import ConfigError

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
