"""A list of films as a CSV file: one row for each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from beavervision.errors import ConfigError

COLUMNS = ("clip", "speech", "out")
"""Columns of a list of films; `out` may be empty."""


@dataclass(frozen=True)
class FilmJob:
    """One row of a list of films."""

    clip: str
    """Name of the clip, `data.name`."""
    speech: Path
    out: Path | None
    """None for the usual place."""


def read_film_jobs(path: Path) -> list[FilmJob]:
    """Read a list of films: CSV with the columns `clip`, `speech` and, if wanted, `out`.

    Relative paths count from the folder of the list.

    Raises:
        ConfigError: when it cannot be read, or lacks a column or a value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"films={path} cannot be read ({error}); name a CSV file with clip,speech,out.") from None
    if not rows:
        raise ConfigError(f"films={path} lists no film; the first line is clip,speech,out, each other one a film.")
    jobs = []
    for number, row in enumerate(rows, 2):
        clip, speech, out = ((row.get(column) or "").strip() for column in COLUMNS)
        if not clip or not speech:
            raise ConfigError(f"films={path}, line {number}: clip or speech is missing; it takes clip,speech,out.")
        jobs.append(FilmJob(clip, path.parent / speech, path.parent / out if out else None))
    return jobs
