"""What our sweepers have in common: a launcher, and the numbers that the config and the command line leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class ParamsSweeper(Sweeper):
    """A sweeper with `params`, as Hydra's own has them.

    Args:
        params: key -> what it may be.
    """

    def __init__(self, params: Mapping[str, str]) -> None:
        self.params = dict(params)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra tells of the command, and build its launcher."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def overrides(self, arguments: list[str]) -> list[Override]:
        """Return the overrides of `params` and of the command line."""
        assert self.hydra_context is not None  # by setup
        given = [f"{key}={value}" for key, value in self.params.items()] + arguments
        return OverridesParser.create(config_loader=self.hydra_context.config_loader).parse_overrides(given)

    def launch(self, jobs: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Have the launcher run jobs, given by their overrides and numbered from `initial_job_idx` on."""
        assert self.launcher is not None  # by setup
        return self.launcher.launch(jobs, initial_job_idx=initial_job_idx)
