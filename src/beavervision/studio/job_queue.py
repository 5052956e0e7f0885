"""The studio's one queue: jobs run one after the other, each in a process of its own; all state is on disk."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread

from filelock import FileLock, Timeout

from beavervision.errors import StorageError
from beavervision.operating_system import stop_process
from beavervision.studio.job import (
    LOCK,
    LOG_FILE,
    PROGRESS,
    RECORD,
    RESULT,
    STOPPED,
    Job,
    JobProgress,
    JobResult,
    Task,
    read_record,
    write_record,
)

LOG = logging.getLogger(__name__)
STUDIO, JOBS = ".studio", "jobs"
POLL_S = 0.2
CLOSE_S = 60.0
"""Seconds that a running job has to stop when the studio is closed; a training writes its checkpoint."""
LEFT = "The studio ended while this ran. Continue goes on where it stopped."


def process_command(folder: Path) -> list[str]:
    """Command that runs the job of a folder."""
    return [sys.executable, "-m", "beavervision.studio.job_process", str(folder)]


class JobQueue:
    """Runs jobs, and keeps them.

    A job has a session of its own: it survives when the studio is killed, and the next studio takes it over.

    Args:
        runs: folder of all runs; the jobs are in `.studio/jobs` below it.
        command: returns the command that runs the job of a folder.

    Raises:
        StorageError: when another studio uses the folder, or it cannot be written to.
    """

    def __init__(self, runs: Path, command: Callable[[Path], list[str]] = process_command) -> None:
        self.runs = runs.resolve()
        self.folder = self.runs / STUDIO
        self._command, self._changed = command, Condition()
        try:
            (self.folder / JOBS).mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / LOCK)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise StorageError(f"{runs} is open in another studio; close it, or give another paths.runs=.") from None
        except OSError as error:
            raise StorageError(f"{runs} cannot be written ({error.strerror}); give another paths.runs=.") from None
        found = (read_record(path / RECORD, Job) for path in (self.folder / JOBS).iterdir())
        self._jobs = {job.id: job for job in found if job is not None}
        self._closing = False
        self._thread = Thread(target=self._run, daemon=True, name="studio-jobs")

    def start(self) -> None:
        """Begin to run jobs."""
        self._thread.start()

    def close(self, timeout: float = CLOSE_S) -> None:
        """Stop the running job as Ctrl-C would, and release the folder."""
        with self._changed:
            self._closing = True
            for job in self._jobs.values():
                if job.state == "running":
                    self._signal(job)
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._lock.release()

    def add(self, task: Task) -> Job:
        """Put a task into the queue."""
        job = Job(task=task)
        with self._changed:
            self.folder_of(job).mkdir()
            self._save(job)
            self._jobs[job.id] = job
            self._changed.notify_all()
        return job.model_copy()

    def folder_of(self, job: Job) -> Path:
        """Folder of a job's files."""
        return self.folder / JOBS / job.id

    def jobs(self) -> list[Job]:
        """All jobs, the newest first."""
        with self._changed:
            return sorted((job.model_copy() for job in self._jobs.values()), key=lambda job: -job.order)

    def job(self, name: str) -> Job | None:
        """The job of an id; None where there is none."""
        with self._changed:
            found = self._jobs.get(name)
            return None if found is None else found.model_copy()

    def running(self) -> Job | None:
        """The job that runs."""
        return next((job for job in self.jobs() if job.state in ("running", "stopping")), None)

    def progress(self, job: Job) -> JobProgress | None:
        """How far a job is; None where it has not said so yet."""
        return read_record(self.folder_of(job) / PROGRESS, JobProgress)

    def log(self, job: Job, most: int = 4000) -> str:
        """The last characters of what a job printed."""
        try:
            return (self.folder_of(job) / LOG_FILE).read_text(encoding="utf-8", errors="replace")[-most:]
        except OSError:
            return ""

    def stop(self, name: str) -> None:
        """Take a job out of the queue, or stop it gracefully; a second call ends it at once."""
        with self._changed:
            job = self._jobs.get(name)
            if job is None:
                return
            if job.state == "queued":
                self._end(job, JobResult(state="stopped", error=STOPPED))
            elif job.state == "running":
                job.state = "stopping"
                self._save(job)
                self._signal(job)
            elif job.state == "stopping":
                self._signal(job, at_once=True)

    def resume(self, name: str) -> None:
        """Put a job that was stopped or failed into the queue again; it goes on where it stopped."""
        with self._changed:
            job = self._jobs.get(name)
            if job is None or job.state not in ("stopped", "failed"):
                return
            job.state, job.error, job.order, job.finished = "queued", None, time.time(), None
            self._save(job)
            self._changed.notify_all()

    def remove(self, name: str) -> None:
        """Forget a job that has ended; what it made stays."""
        with self._changed:
            job = self._jobs.get(name)
            if job is not None and not job.is_active:
                del self._jobs[name]
                shutil.rmtree(self.folder_of(job), ignore_errors=True)

    def _run(self) -> None:
        self._adopt()
        while (job := self._next()) is not None:
            try:
                self._execute(job)
            except Exception as error:  # the queue outlives whatever one job meets, such as a full disk
                LOG.exception("job %s", job.id)
                with self._changed, suppress(Exception):
                    self._end(job, JobResult(state="failed", error=f"The job could not be started: {error}."))

    def _adopt(self) -> None:
        """Wait for the job of an earlier studio whose process still lives; conclude one whose process is gone."""
        for job in [job for job in self._jobs.values() if job.state in ("running", "stopping")]:
            while not self._closing and self._is_alive(job):
                time.sleep(POLL_S)
            if self._closing and self._is_alive(job):
                self._wait_for_end(job)
            self._conclude(job, LEFT)

    def _wait_for_end(self, job: Job) -> None:
        limit = time.monotonic() + CLOSE_S
        while self._is_alive(job) and time.monotonic() < limit:
            time.sleep(POLL_S)

    def _next(self) -> Job | None:
        """The next job, waiting for it; None when the studio is closed."""
        with self._changed:
            while not self._closing:
                waiting = [job for job in self._jobs.values() if job.state == "queued"]
                if waiting:
                    return min(waiting, key=lambda job: job.order)
                self._changed.wait()
        return None

    def _execute(self, job: Job) -> None:
        folder = self.folder_of(job)
        for name in (PROGRESS, RESULT):
            (folder / name).unlink(missing_ok=True)
        with (folder / LOG_FILE).open("ab") as log, self._changed:
            if job.state != "queued" or self._closing:
                return
            process = subprocess.Popen(
                self._command(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            job.state, job.pid, job.started, job.finished = "running", process.pid, time.time(), None
            self._save(job)
        code = process.wait()
        why = f"signal {-code}" if code < 0 else f"exit status {code}"
        more = "Continue goes on where it stopped; its log may say more."
        self._conclude(job, f"The job's process ended unexpectedly ({why}). {more}")

    def _conclude(self, job: Job, unexpected: str) -> None:
        """Record how a job ended whose process is gone.

        Args:
            job: of the process.
            unexpected: what is told where the process left no result.
        """
        result = read_record(self.folder_of(job) / RESULT, JobResult)
        if result is None:
            stopped = job.state == "stopping" or self._closing
            result = JobResult(state="stopped", error=STOPPED) if stopped else None
        with self._changed:
            self._end(job, result or JobResult(state="failed", error=unexpected))

    def _end(self, job: Job, result: JobResult) -> None:
        job.state, job.error, job.pid, job.finished = result.state, result.error, None, time.time()
        self._save(job)

    def _save(self, job: Job) -> None:
        write_record(self.folder_of(job) / RECORD, job)

    def _is_alive(self, job: Job) -> bool:
        """Whether a job's process lives: it holds its lock, which the operating system releases at its end."""
        lock = FileLock(self.folder_of(job) / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _signal(self, job: Job, *, at_once: bool = False) -> None:
        """Stop the process of a job; at once: also the processes that it started."""
        if job.pid is not None:
            stop_process(job.pid, at_once=at_once)
