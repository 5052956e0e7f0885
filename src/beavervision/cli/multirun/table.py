"""Table of a sweep's jobs: on the terminal and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.cli.multirun.record import JobRecord
from beavervision.workflows.run_folder import display_path

WIDTH = 180
"""Line length in log files, characters."""
COLUMNS = ("job", "metric", "value", "seconds", "status", "sentence", "folder")
COLOURS = {"done": "green", "skipped": "cyan", "failed": "red", "interrupted": "yellow", "running": "blue"}


def print_table(title: str, records: Sequence[JobRecord]) -> None:
    """Print the jobs as a table."""
    table = Table(title=title, title_justify="left")
    for column in ("job", "metric", "time", "status", "folder"):
        table.add_column(column, overflow="fold", justify="right" if column == "time" else "left")
    for record in records:
        colour = COLOURS.get(record.status, "white")
        status = f"[{colour}]{record.status}[/]" + (f": {_plain(record.sentence)}" if record.sentence else "")
        folder = _plain(str(display_path(Path(record.folder))))
        table.add_row(_plain(job_name(record)), metric_text(record), time_text(record.seconds), status, folder)
    # If the terminal's width is unknown, long lines are better than broken ones.
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table)


def write_csv(path: Path, records: Sequence[JobRecord]) -> None:
    """Write the jobs as CSV: the columns of the table, one column per swept key, and every metric."""
    keys = list(dict.fromkeys(key for record in records for key in _swept(record)))
    figures = sorted({name for record in records for name in record.figures})
    with atomic_file(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*COLUMNS, *keys, *(name for name in figures if name not in keys)])
        writer.writeheader()
        for record in records:
            own = {
                "job": job_name(record),
                "metric": record.metric,
                "value": record.value,
                "seconds": round(record.seconds, 1),
                "status": record.status,
                "sentence": record.sentence,
                "folder": record.folder,
            }
            writer.writerow({**record.figures, **_swept(record), **own})


def job_name(record: JobRecord) -> str:
    """Return the overrides in which a job differs from the others, in one line."""
    return " ".join(record.overrides) or Path(record.folder).name


def metric_text(record: JobRecord) -> str:
    """Return the metric by which jobs are compared.

    Example:
        >>> metric_text(JobRecord(0, [], "", metric="val/psnr", value=26.123))
        'val/psnr 26.12'
    """
    return "" if record.value is None else f"{record.metric} {record.value:.4g}"


def time_text(seconds: float) -> str:
    """Return a duration as readable text.

    Example:
        >>> time_text(42.4), time_text(185), time_text(7300)
        ('42 s', '3:05 min', '2:01 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def _swept(record: JobRecord) -> dict[str, str]:
    pairs = (override.lstrip("+~").partition("=") for override in record.overrides)
    return {key: value for key, _, value in pairs}


def _plain(text: str) -> str:
    """Escape rich's markup."""
    return text.replace("[", "\\[")
