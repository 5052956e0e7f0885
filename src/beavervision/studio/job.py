"""A job of the studio and its record on disk: what to do, how far it is, how it ended."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beavervision.artifacts.atomic_write import atomic_file

RECORD, PROGRESS, RESULT, LOG_FILE = "job.json", "progress.json", "result.json", "log.txt"
"""Files of a job's folder: the studio writes the first, the job's process the others."""
LOCK = ".lock"
"""Held by the job's process for as long as it lives."""
ID = re.compile(r"[0-9a-f]{16}")
State = Literal["queued", "running", "stopping", "done", "stopped", "failed"]
ACTIVE = ("queued", "running", "stopping")
STOPPED = "Continue goes on where it stopped."
RECORDS = TypeVar("RECORDS", bound=BaseModel)


class StrictRecord(BaseModel):
    """A record without unknown keys."""

    model_config = ConfigDict(extra="forbid")


class PrepareTask(StrictRecord):
    """Prepare footage."""

    kind: Literal["prepare"] = "prepare"
    person: str
    """Name of the clip."""
    video: str
    """Path of the footage."""
    overrides: dict[str, Any] = Field(default_factory=dict)


class TrainTask(StrictRecord):
    """Train stages of a person."""

    kind: Literal["train"] = "train"
    person: str
    stages: list[str]
    """In the order of training."""
    preset: str | None = None
    """Experiment; None for the full size."""
    overrides: dict[str, Any] = Field(default_factory=dict)


class FilmTask(StrictRecord):
    """Make a film of a person."""

    kind: Literal["film"] = "film"
    person: str
    mode: Literal["dub", "avatar"]
    speech: str
    """Path of the sound."""
    out: str
    """Path of the film."""
    overrides: dict[str, Any] = Field(default_factory=dict)


Task = Annotated[PrepareTask | TrainTask | FilmTask, Field(discriminator="kind")]


class Job(StrictRecord):
    """A task with its state."""

    id: str = Field(default_factory=lambda: secrets.token_hex(8), pattern=ID.pattern)
    task: Task
    state: State = "queued"
    order: float = Field(default_factory=time.time)
    """Time of the order, seconds since 1970; jobs run in this order."""
    started: float | None = None
    finished: float | None = None
    pid: int | None = None
    """Process that runs it."""
    error: str | None = None
    """One sentence, where it failed."""

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE


class JobProgress(StrictRecord):
    """How far a running job is."""

    stage: str
    """Step of the preparation, stage of the training, or `render`."""
    done: int
    total: int
    """Steps or frames; -1 where it is not known."""
    first: int
    """What was done when this process began the stage: a resumed training does not begin at 0."""
    since: float
    """When this process began the stage, seconds since 1970."""
    now: float

    @property
    def share(self) -> float:
        """Share of the stage that is done, 0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate for this stage; None where there is none yet.

        Example:
            >>> JobProgress(stage="render", done=30, total=100, first=10, since=0, now=10).seconds_left
            35.0
        """
        made, took = self.done - self.first, self.now - self.since
        return (self.total - self.done) * took / made if made > 0 and took > 0 and self.total > 0 else None


class JobResult(StrictRecord):
    """How a job's process ended."""

    state: Literal["done", "stopped", "failed"]
    error: str | None = None


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record, whole or not at all."""
    with atomic_file(path) as part:
        part.write_text(record.model_dump_json(), encoding="utf-8")


def read_record(path: Path, kind: type[RECORDS]) -> RECORDS | None:
    """The record of a file; None where it is missing or damaged."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError, ValueError):
        return None
