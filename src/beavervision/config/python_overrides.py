"""Converts Python keyword arguments and mappings to overrides in Hydra's grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from beavervision.errors import ConfigError
from beavervision.overrides import WORDS, quote_value

UNQUOTED = re.compile(r"[A-Za-z0-9_./-]+")
"""Strings that Hydra's parser accepts without quotes, unless they are numbers."""


def override_list(overrides: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> list[str]:
    """Return Hydra's overrides of a mapping and of keyword arguments.

    Args:
        overrides: dotted key -> value, such as `{"trainer.max_steps": 10}`.
        keywords: the same, with two underscores for a dot: `trainer__max_steps=10`.

    Raises:
        ConfigError: when a value has a type that configs cannot contain, or a key is given twice.

    Example:
        >>> override_list({"frame": "1x1"}, {"trainer__max_steps": 10})
        ['frame=1x1', 'trainer.max_steps=10']
    """
    dotted = {key.replace("__", "."): value for key, value in keywords.items()}
    if twice := sorted(set(dotted) & set(overrides or {})):
        raise ConfigError(f"{twice[0]} is given twice; give it either as a keyword or in overrides.")
    return [format_override_value(key, value) for key, value in {**(overrides or {}), **dotted}.items()]


def format_override_value(key: str, value: Any) -> str:
    """Return `key=value` for Hydra's parser.

    Args:
        key: key with dots, such as `trainer.max_steps`.
        value: None, a bool, a number, a string, a path, or a list or mapping of these.

    Raises:
        ConfigError: when the value has another type.

    Example:
        >>> print(format_override_value("frame", "1x1"), format_override_value("audio", "a b.wav"))
        frame=1x1 audio="a b.wav"
    """
    return f"{key}={_text_of(key, value)}"


def _text_of(key: str, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | PurePath):
        text = str(value)
        plain = UNQUOTED.fullmatch(text) and text.lower() not in WORDS and not _is_number(text)
        return text if plain else quote_value(text)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{_text_of(key, inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text_of(key, inner) for inner in value) + "]"
    kind = type(value).__name__
    raise ConfigError(f"{key}={value!r} is a {kind}; give a number, a text, a path, a list or a mapping.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
