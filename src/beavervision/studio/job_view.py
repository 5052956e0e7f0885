"""What the page says about jobs: the running one, its progress, and the list of all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape

from beavervision.studio.job import FilmTask, Job, JobProgress, PrepareTask, Task, TrainTask

STATES = {
    "queued": "waits",
    "running": "runs",
    "stopping": "is stopping",
    "done": "done",
    "stopped": "stopped",
    "failed": "failed",
}
STOPPED_STATES = ("stopped", "failed")
"""What Continue goes on with."""
STAGES = {
    "audio2motion": "speech to motion",
    "postnet": "motion of this person",
    "radnerf_head": "head",
    "radnerf_torso": "shoulders and body",
    "lower_face": "mouth and chin",
    "render": "drawing frames",
    "load": "loading the person",
}
"""Stage or step -> plain words; others are shown by their names."""


def stage_words(stage: str) -> str:
    """A stage in plain words."""
    return STAGES.get(stage, stage.replace("_", " "))


def title(task: Task) -> str:
    """A task in a few words.

    Example:
        >>> title(PrepareTask(person="anna", video="anna.mp4"))
        'Prepare anna'
    """
    if isinstance(task, TrainTask):
        return f"Train {task.person}"
    if isinstance(task, FilmTask):
        return f"{'Dub' if task.mode == 'dub' else 'Film of'} {task.person}"
    return f"Prepare {task.person}"


def duration(seconds: float) -> str:
    """A duration in words.

    Example:
        >>> duration(5), duration(130), duration(7300)
        ('5 s', '2 min', '2 h 2 min')
    """
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def progress_words(job: Job, progress: JobProgress | None, now: float | None = None) -> str:
    """How far a job is, in a line."""
    if job.state == "queued":
        return "It waits for its turn."
    if job.state == "stopping":
        return "It finishes its step and saves it."
    if progress is None:
        return "It starts; loading takes some seconds."
    words = stage_words(progress.stage)
    if progress.total <= 0:
        return f"{words}: {progress.done}" if progress.done else words
    unit = "steps" if isinstance(job.task, TrainTask) else "frames"
    line = f"{words}: {progress.done} of {progress.total} {unit}"
    left = progress.seconds_left
    if isinstance(job.task, TrainTask) and progress.stage in job.task.stages and len(job.task.stages) > 1:
        line = f"stage {job.task.stages.index(progress.stage) + 1} of {len(job.task.stages)}, {line}"
    quiet = (time.time() if now is None else now) - progress.now
    if progress.done >= progress.total > 0:
        return f"{line}; it writes the result"
    if quiet > 20 and isinstance(job.task, TrainTask):
        return f"{line}; it validates"
    return line if left is None else f"{line}, about {duration(left)} left"


def banner(job: Job | None, progress: JobProgress | None, waiting: int) -> str:
    """The running job with its progress bar; an empty text where none runs."""
    if job is None:
        return ""
    share, words = (0.0 if progress is None else progress.share), progress_words(job, progress)
    more = f"<span class='bv-dim'>{waiting} more {'waits' if waiting == 1 else 'wait'}</span>" if waiting else ""
    known = progress is not None and progress.total > 0
    value = f"aria-valuenow='{round(100 * share)}' aria-valuemin='0' aria-valuemax='100'" if known else ""
    bar = f"<div class='bv-bar{'' if known else ' bv-unknown'}'><div style='width:{100 * share:.1f}%'></div></div>"
    return (
        f"<div class='bv-now'><div class='bv-row'><b>{escape(title(job.task))}</b>{more}</div>"
        f"<div role='progressbar' aria-label='{escape(title(job.task))}' aria-valuetext='{escape(words)}' {value}>"
        f"{bar}</div><div class='bv-dim'>{escape(words)}</div></div>"
    )


def announcement(jobs: Sequence[Job]) -> str:
    """What a screen reader is told when the newest change is of a job's state."""
    changed = [job for job in jobs if job.state != "queued"]
    if not changed:
        return ""
    job = max(changed, key=lambda one: one.finished or one.started or one.order)
    return escape(f"{title(job.task)} {STATES[job.state]}. {job.error or ''}".strip())


def message(text: str, *, wrong: bool) -> str:
    """A sentence below a form."""
    if not text:
        return ""
    kind = "bv-wrong' role='alert" if wrong else "bv-good' role='status"
    return f"<div class='bv-message {kind}'>{escape(text)}</div>"


def outcome(job: Job | None) -> str:
    """What became of an order, below its form."""
    if job is None:
        return ""
    if job.is_active:
        return message("It is in the queue; the bar at the top shows how far it is.", wrong=False)
    if job.state == "done":
        return message(f"{title(job.task)}: done in {duration(_seconds(job))}.", wrong=False)
    return message(f"{title(job.task)} {STATES[job.state]}. {job.error or ''}", wrong=job.state == "failed")


def job_list(jobs: Sequence[Job]) -> str:
    """All jobs, with a button for what can be done with each."""
    if not jobs:
        return empty("No jobs yet", "What you prepare, train and film is listed here, with its state and its log.")
    rows = "".join(_row(job) for job in jobs)
    return f"<ul class='bv-jobs' aria-label='Jobs, the newest first'>{rows}</ul>"


def _row(job: Job) -> str:
    name, state = escape(title(job.task)), STATES[job.state]
    actions = {"log": "Log"}
    if job.is_active:
        actions = {"stop": "Cancel" if job.state == "queued" else "Stop"} | actions
    else:
        actions |= {"remove": "Remove"}
    if job.state in STOPPED_STATES:
        actions = {"continue": "Continue"} | actions
    buttons = "".join(
        f"<button type='button' class='bv-button' data-act='{act}' data-job='{job.id}' aria-label='{words}: {name}'>"
        f"{words}</button>"
        for act, words in actions.items()
    )
    when = time.strftime("%d %b, %H:%M", time.localtime(job.order))
    took = f", {duration(_seconds(job))}" if job.finished and job.started else ""
    error = f"<p>{escape(job.error)}</p>" if job.error else ""
    return (
        f"<li class='bv-card'><div class='bv-row'><span><b>{name}</b> <span class='bv-dim'>{_details(job.task)}</span>"
        f"</span><span class='bv-state bv-{job.state}'>{state}</span></div>{error}"
        f"<div class='bv-row'><span class='bv-dim'>{when}{took}</span><span class='bv-actions'>{buttons}</span></div>"
        "</li>"
    )


def _details(task: Task) -> str:
    if isinstance(task, TrainTask):
        return escape(", ".join(map(stage_words, task.stages)) + f"; {task.preset or 'full size'}")
    path = task.video if isinstance(task, PrepareTask) else task.out
    return escape(path.replace("\\", "/").rpartition("/")[2])


def _seconds(job: Job) -> float:
    return (job.finished or 0.0) - (job.started or job.finished or 0.0)


def empty(heading: str, text: str) -> str:
    """What a screen says while it has nothing to show."""
    return f"<div class='bv-empty'><b>{escape(heading)}</b><p>{escape(text)}</p></div>"


def log_view(job: Job, text: str) -> str:
    """The log of a job."""
    name = escape(title(job.task))
    return (
        f"<section class='bv-card' aria-label='Log of {name}'><h2>Log of {name}</h2>"
        f"<pre class='bv-log' tabindex='0'>{escape(text)}</pre></section>"
    )
