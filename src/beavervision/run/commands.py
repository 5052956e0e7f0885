"""Commands to type, as they are told to the user."""

from __future__ import annotations

from pathlib import Path

DEFAULT_RUNS = Path("runs")


def who(clip: str, runs: Path | str) -> str:
    """Return the part of a command that says whose avatar it is.

    Example:
        >>> who("anna", "runs")
        'data=myvideo data.name=anna'
    """
    data = "data=demo" if clip == "demo" else f"data=myvideo data.name={clip}"
    return data if Path(runs) == DEFAULT_RUNS else f"{data} paths.runs={runs}"
