"""Record of one job of a sweep: a small JSON file, written by the process that runs the job."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.config.slug import safe_file_name
from beavervision.operating_system import process_is_running
from beavervision.workflows.run_result import DONE, SKIPPED, RunResult

RUNNING, FAILED, INTERRUPTED = "running", "failed", "interrupted"
FOLDER = "jobs"
"""Folder below that of the sweep."""


@dataclass(frozen=True)
class JobRecord:
    """State and result of one job."""

    number: int
    """Index in the sweep, from 0."""
    overrides: list[str]
    """Overrides in which this job differs from the others."""
    folder: str
    """Folder of its results."""
    status: str = RUNNING
    """`running`, `done`, `skipped`, `failed` or `interrupted`."""
    sentence: str = ""
    """Reason of a failure or stop."""
    fault: bool = False
    """Whether it failed by a bug, not by a mistake of the user."""
    metric: str | None = None
    value: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    """Wall time of the last start that did any work, seconds."""
    picture: str | None = None
    started: float = field(default_factory=time.time)
    """Start, Unix time."""
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    device: str = field(default_factory=lambda: os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    """GPUs that were assigned to the job, if any."""

    def ended(self, outcome: object) -> JobRecord:
        """Return the record of a job that ended with `outcome`."""
        if not isinstance(outcome, RunResult):
            return replace(self, status=DONE, seconds=self._elapsed())
        figures = {name: float(value) for name, value in outcome.figures.items()}
        known = figures.get("wall_seconds") if outcome.status == SKIPPED else None
        return replace(
            self,
            folder=str(outcome.folder),
            status=outcome.status,
            metric=outcome.metric,
            value=outcome.value,
            figures=figures,
            seconds=self._elapsed() if known is None else known,
            picture=None if outcome.picture is None else str(outcome.picture),
        )

    def failed(self, sentence: str, *, fault: bool) -> JobRecord:
        """Return the record of a failed job."""
        return replace(self, status=FAILED, sentence=sentence, fault=fault, seconds=self._elapsed())

    def interrupted(self, sentence: str) -> JobRecord:
        """Return the record of an interrupted job."""
        return replace(self, status=INTERRUPTED, sentence=sentence, seconds=self._elapsed())

    def write(self, sweep: Path) -> None:
        """Write the record into the sweep's folder."""
        with atomic_file(self.beside(sweep, ".json")) as part:
            part.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    def beside(self, sweep: Path, suffix: str) -> Path:
        """Return this job's file in the sweep's folder with the given suffix."""
        return sweep / FOLDER / f"{_name(self.overrides)}{suffix}"

    def _elapsed(self) -> float:
        return time.time() - self.started


def read_records(sweep: Path) -> list[JobRecord]:
    """Return the records of a sweep in order; a job whose process died without a result counts as interrupted."""
    records = []
    for path in sorted((sweep / FOLDER).glob("*.json")):
        try:
            records.append(_settled(JobRecord(**json.loads(path.read_text(encoding="utf-8")))))
        except (OSError, json.JSONDecodeError, TypeError):
            continue
    return sorted(records, key=lambda record: (record.number, record.started))


def _settled(record: JobRecord) -> JobRecord:
    if record.status != RUNNING or record.host != socket.gethostname() or process_is_running(record.process):
        return record
    return replace(record, status=INTERRUPTED, sentence="its process was killed; the same command continues it")


def _name(overrides: list[str]) -> str:
    return safe_file_name(re.sub(r"[/']", "", "-".join(overrides)) or "job")
