"""A sweep's folder, as a user finds it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def table(runs: Path) -> Callable[[], dict[str, dict[str, str]]]:
    """Function that reads the table of the only sweep of clip anna: job -> row."""

    def read() -> dict[str, dict[str, str]]:
        (path,) = runs.glob("anna/sweeps/*/jobs.csv")
        with path.open(encoding="utf-8", newline="") as stream:
            return {row["job"]: row for row in csv.DictReader(stream)}

    return read
