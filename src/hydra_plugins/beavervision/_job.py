"""What our launchers have in common: a job, run in whichever process it arrives in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from beavervision.errors import DependencyError


@dataclass(frozen=True)
class Work:
    """All that another process needs to run jobs of this command."""

    hydra_context: HydraContext
    task_function: TaskFunction
    config: DictConfig
    singletons: Mapping[Any, Any]

    def run(self, overrides: Sequence[str], number: int) -> JobReturn:
        """Run one job in this process."""
        setup_globals()
        Singleton.set_state(dict(self.singletons))
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        HydraConfig.instance().set_config(config)
        return run_job(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


class WorkLauncher(Launcher):
    """A launcher that is told by Hydra what the command is."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra tells of the command."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def work(self) -> Work:
        """Return what goes to other processes."""
        return Work(self.hydra_context, self.task_function, self.config, Singleton.get_state())


def require(package: str, option: str, extra: str) -> None:
    """Say what to install when an option needs a package that is not there.

    Raises:
        DependencyError: when it is not.
    """
    if find_spec(package) is None:
        raise DependencyError(f"{option} needs {package}; pip install 'beavervision[{extra}]'.")


def no_result() -> JobReturn:
    """Return what a job whose process died leaves: nothing to optimise; its record says what became of it."""
    return JobReturn(status=JobStatus.COMPLETED, _return_value=None)
