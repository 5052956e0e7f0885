"""Films that are made one after the other, in a folder that survives a restart."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Literal, Protocol

from beavervision.errors import BeaverError
from beavervision.serving.film_job import FILM, FINISHED, ID, SPEECH, FilmJob, read_job
from beavervision.workflows.error_reporting import error_message, is_user_error

LOG = logging.getLogger(__name__)
FILMS, UPLOADS = "films", "uploads"
FOLDERS = re.compile(r"(?:/[^\s/:;,'\"]+)+/([^\s/:;,'\"]+)")
"""An absolute path, of which only the last part is told."""
EXPIRY_EVERY_S = 60.0
BLOCK_S = 30.0
"""Seconds that a client may take between two parts of an upload."""
WRITE_EVERY_S = 2.0
"""Seconds between two records of a running film's progress."""


class FilmMaker(Protocol):
    """Makes one film."""

    def __call__(
        self, job: FilmJob, speech: Path, out: Path, report: Callable[[int, int], None], stop: Callable[[], bool]
    ) -> bool:
        """Write the film; return whether it is complete.

        Args:
            job: who says it, and how.
            speech: what they say.
            out: where the film goes.
            report: called with the frames that are done and all frames.
            stop: whether to end early and keep nothing.
        """
        ...


class QueueFullError(BeaverError):
    """More films wait than the operator allows."""


class UploadError(BeaverError):
    """An upload that is too large or empty."""


class FilmQueue:
    """Orders, makes and keeps films.

    A film that was running when the server stopped is made again from its beginning.

    Args:
        folder: private folder of the server.
        make: makes one film.
        max_films: films that may wait.
        max_bytes: largest speech file.
        keep_s: seconds after which a finished film is deleted.
    """

    def __init__(self, folder: Path, make: FilmMaker, max_films: int, max_bytes: int, keep_s: float) -> None:
        self._make, self._max_films, self._max_bytes, self._keep_s = make, max_films, max_bytes, keep_s
        self._films, self._uploads = folder / FILMS, folder / UPLOADS
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        shutil.rmtree(self._uploads, ignore_errors=True)  # uploads that a stop cut off
        for one in (self._films, self._uploads):
            one.mkdir(mode=0o700, exist_ok=True)
        self._changed = Condition()
        self._jobs = {job.id: job for path in self._films.iterdir() if (job := read_job(path)) is not None}
        for path in self._films.iterdir():
            if path.name not in self._jobs:
                shutil.rmtree(path, ignore_errors=True)
        for job in self._jobs.values():
            if job.state == "running":
                job.state, job.frames = "queued", 0
        self._stopping = False
        self._thread = Thread(target=self._run, daemon=True, name="films")

    def start(self) -> None:
        """Begin to make films."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Stop making films; the running one returns to the queue."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def count(self, state: str) -> int:
        """Number of films in a state."""
        with self._changed:
            return sum(job.state == state for job in self._jobs.values())

    async def order(
        self, client: str, avatar: str, mode: Literal["dub", "avatar"], speech: AsyncIterator[bytes]
    ) -> FilmJob:
        """Take an upload and put its film into the queue.

        Raises:
            QueueFullError: when too many films wait.
            UploadError: when the upload is too large or empty.
        """
        self._check_room()
        job, size = FilmJob(client=client, avatar=avatar, mode=mode), 0
        folder = self._uploads / job.id
        folder.mkdir(mode=0o700)
        try:
            with (folder / SPEECH).open("wb") as stream:
                while (block := await _next_block(speech)) is not None:
                    size += len(block)
                    if size > self._max_bytes:
                        raise UploadError(
                            f"The speech is larger than {self._max_bytes / 1e6:g} MB; send a shorter one."
                        )
                    stream.write(block)
            if not size:
                raise UploadError("The request holds no sound; send a sound file as its body.")
            job.write(folder)
            with self._changed:
                self._check_room()
                folder.replace(self._films / job.id)
                self._jobs[job.id] = job
                self._changed.notify_all()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return job

    def jobs(self, client: str) -> list[FilmJob]:
        """A client's films, the newest first."""
        with self._changed:
            own = [job for job in self._jobs.values() if job.client == client]
        return sorted(own, key=lambda job: -job.order)

    def job(self, client: str, name: str) -> FilmJob | None:
        """A client's film; None where there is none of this id."""
        with self._changed:
            job = self._jobs.get(name) if ID.fullmatch(name) else None
        return job if job is not None and job.client == client else None

    def film(self, job: FilmJob) -> Path | None:
        """File of a film that is done."""
        path = self._films / job.id / FILM
        return path if job.state == "done" and path.is_file() else None

    def cancel(self, job: FilmJob) -> None:
        """Cancel a film that waits or is being made; delete one that is finished."""
        with self._changed:
            if job.state in FINISHED:
                self._delete(job)
                return
            waiting = job.state == "queued"
            self._finish(job, "cancelled")
            if waiting:
                (self._films / job.id / SPEECH).unlink(missing_ok=True)

    def _check_room(self) -> None:
        if self.count("queued") >= self._max_films:
            raise QueueFullError(f"{self._max_films} films are waiting; try again later.")

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._make_film(job)
            except BaseException as error:
                LOG.exception("film %s", job.id)
                self._fail(job, error)

    def _next(self) -> FilmJob | None:
        """The next film, waiting for it; None when the queue stops."""
        with self._changed:
            while not self._stopping:
                self._expire()
                waiting = [job for job in self._jobs.values() if job.state == "queued"]
                if waiting:
                    job = min(waiting, key=lambda one: one.order)
                    job.state = "running"
                    job.write(self._films / job.id)
                    return job
                self._changed.wait(EXPIRY_EVERY_S)
        return None

    def _make_film(self, job: FilmJob) -> None:
        folder, written = self._films / job.id, time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal written
            job.frames, job.total = done, total
            if time.monotonic() - written > WRITE_EVERY_S:
                written = time.monotonic()
                with self._changed, suppress(OSError):
                    if job.state == "running":
                        job.write(folder)

        def stop() -> bool:
            return self._stopping or job.state == "cancelled"

        try:
            complete = self._make(job, folder / SPEECH, folder / FILM, report, stop)
        except Exception as error:
            if not is_user_error(error):
                LOG.exception("film %s", job.id)
            self._fail(job, error)
            return
        with self._changed:
            if job.state == "cancelled":
                (folder / FILM).unlink(missing_ok=True)
            elif complete:
                self._finish(job, "done")
            elif self._stopping:
                job.state, job.frames = "queued", 0
                job.write(folder)
            if job.state != "queued":
                (folder / SPEECH).unlink(missing_ok=True)

    def _fail(self, job: FilmJob, error: BaseException) -> None:
        with self._changed:
            if job.state == "cancelled":
                return
            job.error = public_sentence(error)
            with suppress(OSError, BeaverError):
                self._finish(job, "failed")
                (self._films / job.id / SPEECH).unlink(missing_ok=True)

    def _finish(self, job: FilmJob, state: Literal["done", "failed", "cancelled"]) -> None:
        job.state, job.finished = state, time.time()
        job.write(self._films / job.id)

    def _expire(self) -> None:
        old = [job for job in self._jobs.values() if job.finished and time.time() - job.finished > self._keep_s]
        for job in old:
            self._delete(job)

    def _delete(self, job: FilmJob) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(self._films / job.id, ignore_errors=True)


async def _next_block(speech: AsyncIterator[bytes]) -> bytes | None:
    """The next part of an upload; None at its end."""
    try:
        return await asyncio.wait_for(anext(speech), BLOCK_S)
    except StopAsyncIteration:
        return None
    except asyncio.TimeoutError:
        raise UploadError(f"Nothing came for {BLOCK_S:g} s; send the speech again.") from None


def public_sentence(error: BaseException) -> str:
    """What a client is told of an error: no folders of this machine, and nothing of a bug."""
    if not is_user_error(error):
        return "An internal error; the server's log has more."
    return FOLDERS.sub(r"\1", error_message(error))
