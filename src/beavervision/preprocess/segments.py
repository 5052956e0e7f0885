"""Runs long steps in segments of frames, optionally in separate processes; finished segments are reused."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing.connection import wait as wait_for
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.step_cache import StepCache

LENGTH = 250
"""Frames per segment: a kill loses at most ten seconds of work, and starting a segment costs almost nothing."""

GLANCE = 0.2
"""Seconds between two polls of the other processes' progress."""


class Job(Protocol):
    """The work for one segment; picklable, so that another process can run it."""

    def __call__(self, span: range, part: Path, tick: Callable[[], None]) -> object:
        """Process the frames of `span`, write into `part`, call `tick` after each frame."""


def spans(n_frames: int) -> list[range]:
    """Frame ranges of the segments.

    Example:
        >>> spans(600)
        [range(0, 250), range(250, 500), range(500, 600)]
    """
    return [range(first, min(first + LENGTH, n_frames)) for first in range(0, n_frames, LENGTH)]


def segment_of(index: int) -> int:
    """Number of the segment that contains a frame."""
    return index // LENGTH


def in_segments(
    workspace: StepCache,
    step: str,
    version: int,
    inputs: Mapping[str, Any],
    n_frames: int,
    job: Job,
    steps: Steps,
    workers: int = 0,
) -> list[Path]:
    """Return the folders of a step's segments, in order; missing ones are computed.

    Args:
        workspace: cache of the results.
        step: the step's name, as the progress bar shows it.
        version: version of the step's code.
        inputs: everything that determines the result, as in `StepCache.result`.
        n_frames: number of frames of the clip.
        job: function that computes one segment.
        steps: progress bars.
        workers: number of processes; below 2 everything runs in this one.
    """
    ranges = spans(n_frames)
    folders = [workspace.place(step, version, {**inputs, "frames": [span.start, span.stop]}) for span in ranges]
    missing = [(span, folder) for span, folder in zip(ranges, folders, strict=True) if not folder.is_dir()]
    done = n_frames - sum(len(span) for span, _ in missing)
    with steps.bar(step, n_frames, done) as bar:
        if workers < 2 or len(missing) < 2:
            for span, folder in missing:
                _make(span, folder, job, bar.advance)
        else:
            _spread(missing, job, bar.reach, done, min(workers, len(missing)))
    return folders


def _make(span: range, folder: Path, job: Job, tick: Callable[[], None]) -> None:
    with atomic_folder(folder) as part:
        job(span, part, tick)


def _spread(
    missing: Sequence[tuple[range, Path]], job: Job, reach: Callable[[int], None], done: int, workers: int
) -> None:
    """Distribute the segments over processes; the first failure stops all."""
    # spawn: MediaPipe's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    ticks = context.Value("q", 0)
    pool = ProcessPoolExecutor(workers, context, initializer=_enter, initargs=(ticks,))
    try:
        waiting = {pool.submit(_work, span, folder, job) for span, folder in missing}
        while waiting:
            finished, waiting = wait(waiting, timeout=GLANCE, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            reach(done + ticks.value)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_ticks: Synchronized | None = None
"""Number of frames done by all processes; set in each of them."""


def _enter(ticks: Synchronized) -> None:
    """Initialise a worker process: it counts its frames, and ends when its parent ends, even if that is killed."""
    global _ticks
    _ticks = ticks
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _work(span: range, folder: Path, job: Job) -> None:
    assert _ticks is not None  # by _enter
    with quiet_native():
        _make(span, folder, job, partial(_count, _ticks))


def _count(ticks: Synchronized) -> None:
    with ticks.get_lock():
        ticks.value += 1
