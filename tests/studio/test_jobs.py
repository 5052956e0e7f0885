"""The studio's queue: real child processes, state on disk, crashes and restarts."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beavervision.errors import StorageError
from beavervision.studio.job import (
    RECORD,
    RESULT,
    Job,
    JobProgress,
    JobResult,
    PrepareTask,
    TrainTask,
    read_record,
    write_record,
)
from beavervision.studio.job_process import ProgressFile, run_job
from beavervision.studio.job_queue import JobQueue
from beavervision.studio.job_view import banner, job_list, outcome, progress_words

# Locks its folder as the real one does, then does what its task's video says.
CHILD = """
import json, sys, time
from pathlib import Path
from filelock import FileLock
folder = Path(sys.argv[1])
with FileLock(folder / ".lock"):
    what = json.loads((folder / "job.json").read_text())["task"]["video"]
    (folder / "began").touch()
    print("printed", flush=True)
    if what == "wait":
        time.sleep(60)
    if what == "crash":
        sys.exit(7)
    (folder / "result.json").write_text(json.dumps({"state": "done", "error": None}))
"""


def command(folder: Path) -> list[str]:
    return [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{CHILD}", str(folder)]


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def queue(tmp_path) -> Iterator[JobQueue]:
    made = JobQueue(tmp_path / "runs", command)
    made.start()
    yield made
    made.close()


def order(queue: JobQueue, what: str, person: str = "anna") -> Job:
    return queue.add(PrepareTask(person=person, video=what))


def state(queue: JobQueue, job: Job) -> str:
    found = queue.job(job.id)
    assert found is not None
    return found.state


def test_jobs_run_one_after_the_other_and_are_kept(queue):
    first, second = order(queue, "well"), order(queue, "well")
    until(lambda: state(queue, second) == "done")
    one, two = queue.job(first.id), queue.job(second.id)
    assert one.finished <= two.started
    assert [job.id for job in queue.jobs()] == [second.id, first.id]
    assert read_record(queue.folder_of(first) / RECORD, Job) == one
    assert queue.log(first) == "printed\n"
    queue.remove(first.id)
    assert queue.job(first.id) is None
    assert not queue.folder_of(first).exists()


def test_a_crash_is_told_and_the_next_job_runs(queue):
    crashed, after = order(queue, "crash"), order(queue, "well")
    until(lambda: state(queue, after) == "done")
    job = queue.job(crashed.id)
    assert (job.state, job.pid) == ("failed", None)
    assert "(exit status 7)" in job.error
    assert "Continue" in job.error
    assert "data-act='continue'" in job_list([job])
    assert "role='alert'" in outcome(job)


def test_a_killed_job_fails_and_continues(queue):
    job = order(queue, "wait")
    until((queue.folder_of(job) / "began").exists)
    os.kill(queue.job(job.id).pid, signal.SIGKILL)
    until(lambda: state(queue, job) == "failed")
    assert "(signal 9)" in queue.job(job.id).error
    (queue.folder_of(job) / "began").unlink()
    queue.resume(job.id)
    until((queue.folder_of(job) / "began").exists)
    assert state(queue, job) == "running"


def test_stop_ends_a_running_job_and_cancels_a_waiting_one(queue):
    running, waiting = order(queue, "wait"), order(queue, "wait")
    until((queue.folder_of(running) / "began").exists)
    queue.stop(waiting.id)
    assert state(queue, waiting) == "stopped"
    queue.stop(running.id)
    until(lambda: state(queue, running) == "stopped")
    assert queue.running() is None
    assert not (queue.folder_of(waiting) / "began").exists()


def test_a_studio_that_is_closed_stops_its_job_and_the_next_one_continues_it(tmp_path):
    first = JobQueue(tmp_path, command)
    first.start()
    job, waiting = order(first, "wait"), order(first, "well")
    until((first.folder_of(job) / "began").exists)
    with pytest.raises(StorageError, match="is open in another studio"):
        JobQueue(tmp_path)
    first.close()
    second = JobQueue(tmp_path, command)
    assert state(second, job) == "stopped"
    second.start()
    until(lambda: state(second, waiting) == "done")
    second.close()


def test_a_job_outlives_a_studio_that_was_killed(tmp_path):
    # What a killed studio leaves: a record that says "running", and a process of its own session.
    first = JobQueue(tmp_path, command)
    job = order(first, "wait")
    folder = first.folder_of(job)
    os.spawnv(os.P_NOWAIT, sys.executable, command(folder))
    until((folder / "began").exists)
    lost = Job(task=PrepareTask(person="ben", video="wait"), state="running", pid=2**22 - 1)
    first.folder_of(lost).mkdir()
    write_record(first.folder_of(lost) / RECORD, lost)
    write_record(folder / RECORD, job.model_copy(update={"state": "running", "pid": None}))
    first.close()
    second = JobQueue(tmp_path, command)
    second.start()
    time.sleep(0.5)
    assert state(second, job) == "running"
    write_record(folder / RESULT, JobResult(state="done"))
    os.kill(_owner(folder), signal.SIGKILL)
    until(lambda: state(second, job) == "done")
    until(lambda: state(second, lost) == "failed")
    assert second.job(lost.id).error.startswith("The studio ended while this ran.")
    second.close()


def _owner(folder: Path) -> int:
    """Process that runs a job's folder."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().split(b"\0")
        if str(folder).encode() in words:
            return int(path.parent.name)
    raise AssertionError(folder)


def test_errors_are_the_sentences_of_the_command_line(tmp_path):
    told = run_job(PrepareTask(person="anna", video=str(tmp_path / "none.mp4")), tmp_path, lambda *a: None)
    assert told.state == "failed"
    assert told.error == f"{tmp_path / 'none.mp4'} does not exist or is no file; check data.video=."
    told = run_job(
        TrainTask(person="anna", stages=["postnet"], overrides={"nothing.here": 1}), tmp_path, lambda *a: None
    )
    assert told.state == "failed"
    assert "anna" in told.error


def test_progress_counts_from_where_a_resumed_stage_began(tmp_path):
    times = iter([100.0, 100.1, 110.0, 120.0])
    report = ProgressFile(tmp_path / "progress.json", lambda: next(times))
    report("postnet", 50, 250)
    report("postnet", 51, 250)  # too soon to be written
    assert read_record(tmp_path / "progress.json", JobProgress).done == 50
    report("postnet", 100, 250)
    progress = read_record(tmp_path / "progress.json", JobProgress)
    # 50 steps in 10 s; 150 are left
    assert (progress.first, progress.since, progress.seconds_left) == (50, 100.0, 30.0)
    job = Job(task=TrainTask(person="anna", stages=["audio2motion", "postnet"]), state="running")
    words = progress_words(job, progress, now=110.0)
    assert words == "stage 2 of 2, motion of this person: 100 of 250 steps, about 30 s left"
    assert "aria-valuenow='40'" in banner(job, progress, 0)
    report("radnerf_head", 0, 10)
    assert read_record(tmp_path / "progress.json", JobProgress).stage == "radnerf_head"


def test_damaged_records_are_left_out(tmp_path):
    (tmp_path / ".studio/jobs/0123456789abcdef").mkdir(parents=True)
    for content in (b"", b"[]", b'{"id": "../../x"}', b"\xff"):
        (tmp_path / ".studio/jobs/0123456789abcdef" / RECORD).write_bytes(content)
        queue = JobQueue(tmp_path)
        assert queue.jobs() == []
        queue.close()
