"""`hydra/sweeper=variants`: a list of variants beside the combinations of comma lists, for ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class Variants(Sweeper):
    """Runs every combination of the command line once for each variant.

    Args:
        variants: name -> overrides of one variant, none for the model as it is.
        params: as in Hydra's own sweeper: key -> comma list.
    """

    def __init__(self, variants: Mapping[str, Sequence[str]], params: Mapping[str, str]) -> None:
        self.variants, self.params = dict(variants), dict(params)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra tells of the command, and build its launcher."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Sequence[JobReturn]:
        """Run all jobs."""
        given = [f"{key}={value}" for key, value in self.params.items()] + arguments
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        jobs = self.jobs(parser.parse_overrides(given))
        self.validate_batch_is_legal(jobs)
        returns = self.launcher.launch(jobs, initial_job_idx=0)
        for job in returns:
            _ = job.return_value  # raises what the job raised
        return returns

    def jobs(self, overrides: list[Override]) -> list[list[str]]:
        """Return the overrides of each job."""
        (combinations,) = BasicSweeper.split_arguments(overrides, None)
        return [[*one, *variant] for one in combinations for variant in self.variants.values()]
