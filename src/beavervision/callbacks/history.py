"""Metrics of a run over its steps, read from the CSV files of all its starts."""

from __future__ import annotations

import csv
import math
from pathlib import Path

LOGS = "logs/csv"
"""Path relative to the run's folder; see conf/logger/csv.yaml."""
STEP, NOT_FIGURES = "step", ("epoch", "step")

History = dict[str, dict[int, float]]
"""Name -> step -> value."""


def read_history(folder: Path) -> History:
    """Return all logged metrics of a run; where a resumed start repeats steps, the later values are used.

    Args:
        folder: folder of the run.
    """
    starts = sorted((folder / LOGS).glob("version_*/metrics.csv"), key=_number)
    history: History = {}
    for path in starts:
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                for name, text in row.items():
                    if name not in NOT_FIGURES and text:
                        history.setdefault(name, {})[int(row[STEP])] = float(text)
    return {name: dict(sorted(values.items())) for name, values in history.items()}


def finite(values: dict[int, float]) -> dict[int, float]:
    """Return the finite values."""
    return {step: value for step, value in values.items() if math.isfinite(value)}


def _number(path: Path) -> int:
    return int(path.parent.name.rpartition("_")[2])
