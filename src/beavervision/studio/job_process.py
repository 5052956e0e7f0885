"""The process of one job: `python -m beavervision.studio.job_process FOLDER` runs it over the public API."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from beavervision.errors import StoppedError
from beavervision.studio.job import (
    LOCK,
    PROGRESS,
    RECORD,
    RESULT,
    STOPPED,
    FilmTask,
    Job,
    JobProgress,
    JobResult,
    PrepareTask,
    Task,
    TrainTask,
    read_record,
    write_record,
)

WRITE_EVERY_S = 0.5
"""Seconds between two records of the progress."""
BUG = "An internal error; the log of the job has more."
Report = Callable[[str, int, int], None]


def main(arguments: Sequence[str]) -> int:
    """Run the job of a folder and write its result.

    Returns:
        0 when it is done; 1 otherwise.
    """
    folder = Path(arguments[0])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # training replaces it by its own graceful stop
    with FileLock(folder / LOCK):
        job = read_record(folder / RECORD, Job)
        if job is None:
            return 1
        result = run_job(job.task, folder.parents[2], ProgressFile(folder / PROGRESS))
        write_record(folder / RESULT, result)
    return 0 if result.state == "done" else 1


def run_job(task: Task, runs: Path, report: Report) -> JobResult:
    """Run a task, and return how it ended instead of raising.

    Args:
        task: what to do.
        runs: folder of all runs.
        report: called with stage, done and total.
    """
    # Imports PyTorch: the lock is held before, and an error in it is told as well.
    from beavervision.workflows.error_reporting import error_message, is_user_error

    try:
        run_task(task, runs, report)
    except (StoppedError, KeyboardInterrupt):
        return JobResult(state="stopped", error=STOPPED)
    except Exception as error:
        if is_user_error(error):
            return JobResult(state="failed", error=error_message(error))
        traceback.print_exc()
        return JobResult(state="failed", error=BUG)
    return JobResult(state="done")


def run_task(task: Task, runs: Path, report: Report) -> None:
    """Call the function of the public API that does a task.

    Raises:
        BeaverError: see `prepare`, `train` and `Avatar`.
    """
    import beavervision as bv

    if isinstance(task, PrepareTask):
        bv.prepare(task.video, name=task.person, runs=runs, progress=report, overrides=task.overrides)
    elif isinstance(task, TrainTask):
        clip = runs / task.person / "clip"
        bv.train(clip, task.stages, preset=task.preset, progress=report, overrides=task.overrides)
    elif isinstance(task, FilmTask):
        report("load", 0, -1)
        avatar = bv.Avatar.load(runs / task.person)
        make = avatar.dub if task.mode == "dub" else avatar.speak
        make(task.speech, progress=report, overrides=task.overrides).save(task.out)


class ProgressFile:
    """Writes a job's progress to a file, at most every WRITE_EVERY_S.

    Args:
        path: of the record.
        clock: seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._begun: tuple[str, int, float] | None = None
        self._written = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take a report; the first and the last of a stage are always written."""
        now = self._clock()
        fresh = self._begun is None or self._begun[0] != stage
        if fresh:
            self._begun = (stage, done, now)
        if not fresh and done != total and now - self._written < WRITE_EVERY_S:
            return
        self._written = now
        assert self._begun is not None
        _, first, since = self._begun
        write_record(self._path, JobProgress(stage=stage, done=done, total=total, first=first, since=since, now=now))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
