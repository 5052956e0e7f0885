"""`key=value` overrides: for a shell and for the parser of Hydra."""

from __future__ import annotations

import re
import shlex

PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
"""Values that need no quotes on Hydra's command line, which knows ASCII letters only."""
WORDS = ("null", "true", "false", "nan", "inf")
"""Words that mean something to Hydra."""


def override(key: str, value: str) -> str:
    """Return `key=value` for a shell.

    Example:
        >>> print(override("data.name", "anna"), override("data.name", "Jürgen"))
        data.name=anna 'data.name="Jürgen"'
    """
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return f"{key}={value}"
    return shlex.quote(f"{key}={quoted(value)}")


def quoted(value: str) -> str:
    r"""Return a value of Hydra's grammar that holds any characters.

    Example:
        >>> print(quoted('a "b", c'))
        "a \"b\", c"
    """
    # Hydra takes backslashes as they are, except before a quote.
    inner = re.sub(r'(\\*)("|$)', lambda m: 2 * m[1] + ('\\"' if m[2] else ""), value)
    return f'"{inner}"'
