"""Commands to type, as they are told to the user."""

from __future__ import annotations

from pathlib import Path

from beavervision.overrides import override

DEFAULT_RUNS = Path("runs")


def who(clip: str, runs: Path | str) -> str:
    """Return the part of a command that says whose avatar it is.

    Example:
        >>> who("anna", "runs")
        'data=myvideo data.name=anna'
    """
    data = "data=demo" if clip == "demo" else f"data=myvideo {override('data.name', clip)}"
    return data if Path(runs) == DEFAULT_RUNS else f"{data} {override('paths.runs', str(runs))}"
