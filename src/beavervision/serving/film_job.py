"""A film that somebody ordered: its state on disk."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beavervision.artifacts.atomic_write import atomic_file

RECORD, SPEECH, FILM = "job.json", "speech", "film.mp4"
ID = re.compile(r"[0-9a-f]{32}")
State = Literal["queued", "running", "done", "failed", "cancelled"]
FINISHED = ("done", "failed", "cancelled")


class FilmJob(BaseModel):
    """A film, from its order to its end."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(default_factory=lambda: secrets.token_hex(16), pattern=ID.pattern)
    client: str
    """Who ordered it; nobody else may see it."""
    avatar: str
    mode: Literal["dub", "avatar"]
    state: State = "queued"
    order: float = Field(default_factory=time.time)
    """Time of the order, seconds since 1970: films are made in this order."""
    finished: float | None = None
    frames: int = 0
    """Frames that are done."""
    total: int = 0
    """Frames of the film; 0 where it is not known yet."""
    error: str | None = None
    """One sentence, where it failed."""

    @property
    def progress(self) -> float:
        """Share that is done, 0 to 1."""
        return 1.0 if self.state == "done" else self.frames / self.total if self.total else 0.0

    @property
    def public(self) -> dict[str, object]:
        """What its client is told."""
        told = self.model_dump(exclude={"client", "order", "finished"})
        return {**told, "progress": round(self.progress, 4), "film": f"/v1/films/{self.id}/film"}

    def write(self, folder: Path) -> None:
        """Write the record, whole or not at all."""
        with atomic_file(folder / RECORD) as part:
            part.write_text(self.model_dump_json(), encoding="utf-8")


def read_job(folder: Path) -> FilmJob | None:
    """The job of a folder; None where it is damaged or incomplete."""
    try:
        job = FilmJob.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError, ValueError):
        return None
    return job if job.id == folder.name else None
