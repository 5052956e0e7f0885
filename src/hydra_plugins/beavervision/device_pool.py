"""`hydra/launcher=local_gpus`: every job in a process of its own, on a device of its own, as many as there are."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.core.utils import JobReturn

from hydra_plugins.beavervision._job import Work, WorkLauncher, no_result, require

POLL = 0.2
"""Seconds between looks at the running jobs."""


class DeviceJob:
    """One job, as submitit sends it to its process.

    Args:
        work: the command.
        device: what the job sees as its only GPU; None leaves the environment as it is.
    """

    def __init__(self, work: Work, device: str | None) -> None:
        self.work, self.device = work, device

    def __call__(self, overrides: Sequence[str], number: int) -> JobReturn:
        """Run the job."""
        if self.device is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self.device
        return self.work.run(overrides, number)

    def checkpoint(self, *arguments: Any) -> Any:
        """Come back to the queue when the time limit nears: the run continues from its own checkpoint."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *arguments)


class DevicePool(WorkLauncher):
    """Keeps every device busy with one job; a job that dies takes no other with it.

    The processes are submitit's: it starts them, keeps what they print, signals them before the time limit, and
    starts them again.

    Args:
        devices: ids for CUDA_VISIBLE_DEVICES, one job at a time on each; null entries leave the environment alone.
        folder: where submitit keeps what jobs print; `%j` is the job.
        timeout_min: minutes after which a job has to come back to the queue.
        max_num_timeout: how often it may.
        signal_delay_s: seconds before the limit at which it is told.
    """

    def __init__(
        self,
        devices: Sequence[str | int | None],
        folder: str,
        timeout_min: float,
        max_num_timeout: int,
        signal_delay_s: int,
    ) -> None:
        self.devices = [None if device is None else str(device) for device in devices]
        self.folder = folder
        self.limits = {"timeout_min": timeout_min, "signal_delay_s": signal_delay_s}
        self.max_num_timeout = max_num_timeout

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs; Ctrl-C lets the running ones write their checkpoints."""
        require("submitit", "hydra/launcher=local_gpus", "slurm")
        work, returns = self.work(), [no_result() for _ in job_overrides]
        waiting, free, running = deque(range(len(job_overrides))), deque(self.devices), {}
        try:
            while waiting or running:
                while waiting and free:
                    index, device = waiting.popleft(), free.popleft()
                    arguments = (list(job_overrides[index]), initial_job_idx + index)
                    running[index] = (device, self._submit(DeviceJob(work, device), arguments))
                for index, (device, job) in list(running.items()):
                    if job.done():
                        returns[index] = _result(job)
                        del running[index]
                        free.append(device)
                time.sleep(POLL)
        except KeyboardInterrupt:
            while not all(job.done() for _, job in running.values()):
                time.sleep(POLL)
            raise
        return returns

    def _submit(self, job: DeviceJob, arguments: tuple[list[str], int]) -> Any:
        from submitit import LocalExecutor

        executor = LocalExecutor(self.folder, max_num_timeout=self.max_num_timeout)
        executor.update_parameters(**self.limits)
        with _deaf_to_ctrl_c():
            return executor.submit(job, *arguments)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started meanwhile leave Ctrl-C to those who listen to it: training, which writes its checkpoint."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _result(job: Any) -> JobReturn:
    from submitit.core.utils import FailedJobError, UncompletedJobError

    try:
        return job.result()
    except (FailedJobError, UncompletedJobError):
        print(f"the process of a job died; what it printed last: {job.paths.stderr}", flush=True)
        return no_result()
