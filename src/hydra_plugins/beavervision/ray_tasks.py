"""`hydra/launcher=ray`: every job a task of a Ray cluster, which finds it a machine with room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn

from hydra_plugins.beavervision._job import Work, WorkLauncher, no_result, require


class RayTasks(WorkLauncher):
    """Sends jobs to the cluster that `init` names, or to one of this machine's cores.

    Args:
        init: keyword arguments of `ray.init`.
        remote: options of each task: `num_cpus`, `num_gpus`, `max_retries` after a machine's end.
    """

    def __init__(self, init: Mapping[str, Any], remote: Mapping[str, Any]) -> None:
        self.init, self.remote = dict(init), dict(remote)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs; one that dies takes no other with it."""
        require("ray", "hydra/launcher=ray", "ray")
        import ray  # pyright: ignore[reportMissingImports]  # an optional extra

        started = not ray.is_initialized()
        if started:
            ray.init(**self.init)
        try:
            task = ray.remote(_run).options(**self.remote)
            work = ray.put(self.work())
            numbered = enumerate(job_overrides, initial_job_idx)
            tasks = [task.remote(work, list(overrides), number) for number, overrides in numbered]
            return [_result(task) for task in tasks]
        finally:
            if started:
                ray.shutdown()


def _run(work: Work, overrides: Sequence[str], number: int) -> JobReturn:
    return work.run(overrides, number)


def _result(task: Any) -> JobReturn:
    import ray  # pyright: ignore[reportMissingImports]  # an optional extra
    from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]  # an optional extra

    try:
        return ray.get(task)
    except RayError as error:
        print(f"a job's task ended: {str(error).strip().splitlines()[-1]}", flush=True)
        return no_result()
