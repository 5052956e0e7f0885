"""`key=value` overrides for a shell and for Hydra's parser, and the commands that are printed to the user."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
"""Values that need no quotes on Hydra's command line, whose grammar allows ASCII letters only."""
WORDS = ("null", "true", "false", "nan", "inf")
"""Words with a special meaning in Hydra's grammar."""


def format_override(key: str, value: str) -> str:
    """Return `key=value` for a shell.

    Example:
        >>> print(format_override("data.name", "anna"), format_override("data.name", "Jürgen"))
        data.name=anna 'data.name="Jürgen"'
    """
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return f"{key}={value}"
    return shlex.quote(f"{key}={quote_value(value)}")


def quote_value(value: str) -> str:
    r"""Return a value of Hydra's grammar that holds any characters.

    Example:
        >>> print(quote_value('a "b", c'))
        "a \"b\", c"
    """
    # Hydra takes backslashes literally, except before a quote.
    inner = re.sub(r'(\\*)("|$)', lambda m: 2 * m[1] + ('\\"' if m[2] else ""), value)
    return f'"{inner}"'


DEFAULT_RUNS = Path("runs")


def person_arguments(clip: str, runs: Path | str) -> str:
    """Return the part of a command that selects the person.

    Example:
        >>> person_arguments("anna", "runs")
        'data=myvideo data.name=anna'
    """
    data = "data=demo" if clip == "demo" else f"data=myvideo {format_override('data.name', clip)}"
    return data if Path(runs) == DEFAULT_RUNS else f"{data} {format_override('paths.runs', str(runs))}"


def view_command(clip: str, runs: Path | str) -> str:
    """Return the command that shows a person in the browser.

    Example:
        >>> view_command("anna", "runs")
        'beavervision view runs/anna'
    """
    return f"beavervision view {shlex.quote(str(Path(runs) / clip))}"
