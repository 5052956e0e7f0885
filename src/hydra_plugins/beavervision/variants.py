"""`hydra/sweeper=variants`: a list of variants beside the combinations of comma lists, for ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn

from hydra_plugins.beavervision._params import ParamsSweeper


class Variants(ParamsSweeper):
    """Runs every combination of the command line once for each variant.

    Args:
        variants: name -> overrides of one variant, none for the model as it is.
        params: as in Hydra's own sweeper: key -> comma list.
    """

    def __init__(self, variants: Mapping[str, Sequence[str]], params: Mapping[str, str]) -> None:
        super().__init__(params)
        self.variants = dict(variants)

    def sweep(self, arguments: list[str]) -> Sequence[JobReturn]:
        """Run all jobs."""
        jobs = self.jobs(self.overrides(arguments))
        self.validate_batch_is_legal(jobs)
        returns = self.launch(jobs, initial_job_idx=0)
        for job in returns:
            _ = job.return_value  # raises what the job raised
        return returns

    def jobs(self, overrides: list[Override]) -> list[list[str]]:
        """Return the overrides of each job."""
        (combinations,) = BasicSweeper.split_arguments(overrides, None)
        return [[*one, *variant] for one in combinations for variant in self.variants.values()]
