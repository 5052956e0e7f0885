"""Names of clips, corpora and avatars, which are also folder names."""

from __future__ import annotations

import unicodedata

from beavervision.errors import ConfigError

MAX_NAME_BYTES = 150
"""Largest length of a name in UTF-8 bytes; file systems allow 255, and temporary names are longer."""
PUNCTUATION = " .-_"


def is_name(text: str) -> bool:
    """Return whether `text` is a valid name: letters, digits, space, dot, dash and underscore of any script.

    It must not begin with a dot, nor begin or end with a space.

    Example:
        >>> is_name("Anna 2"), is_name("Jürgen"), is_name("../x"), is_name(".hidden")
        (True, True, False, False)
    """
    return (
        bool(text)
        and text == text.strip(" ")
        and not text.startswith(".")
        and len(text.encode("utf-8", "replace")) <= MAX_NAME_BYTES
        and all(_allowed(character) for character in text)
    )


def check_name(text: str, key: str = "data.name") -> str:
    """Return `text` if it is a valid name.

    Args:
        text: the name.
        key: setting of the name, for the error message.

    Raises:
        ConfigError: when it is invalid; the message suggests a name.

    Example:
        >>> check_name("anna")
        'anna'
    """
    if not isinstance(text, str) or not is_name(text):
        shown = repr(text) if isinstance(text, str) and text.isprintable() else ascii(text)
        raise ConfigError(
            f"{key}={shown[:80]} cannot be a name: take letters, digits, spaces, dots, dashes and underscores, and "
            f"no dot first; for example {key}={suggest_name(str(text))!r}."
        )
    return text


def suggest_name(text: str, fallback: str = "video") -> str:
    """Return a valid name similar to `text`.

    Example:
        >>> suggest_name("../films/Anna talks (2)"), suggest_name("???")
        ('films_Anna_talks_2', 'video')
    """
    kept = "".join(c if _allowed(c) and c != " " else " " for c in text)
    name = "_".join(kept.split()).strip("._ ")
    while len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        name = name[:-1]
    name = name.strip("._ ")
    return name if is_name(name) else fallback


def _allowed(character: str) -> bool:
    """Whether a character is a letter, combining mark or digit of any script, or allowed punctuation."""
    category = unicodedata.category(character)
    return character in PUNCTUATION or category[0] in "LM" or category == "Nd"
