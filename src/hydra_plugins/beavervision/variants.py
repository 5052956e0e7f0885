"""`hydra/sweeper=variants`: a list of variants beside the combinations of comma lists, for ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override


class Variants(BasicSweeper):
    """Runs every combination of the command line once for each variant.

    Args:
        variants: name -> overrides of one variant, none for the model as it is.
        params: as in Hydra's own sweeper: key -> comma list.
        max_batch_size: as in Hydra's own sweeper.
    """

    def __init__(
        self,
        variants: Mapping[str, Sequence[str]],
        params: Mapping[str, str] | None = None,
        max_batch_size: int | None = None,
    ) -> None:
        super().__init__(max_batch_size, dict(params or {}))
        self.variants = variants

    def split_arguments(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """Return the batches of jobs, each a list of overrides."""
        (combinations,) = super().split_arguments(overrides, None)
        jobs = [[*one, *variant] for one in combinations for variant in self.variants.values()]
        size = max_batch_size or max(1, len(jobs))
        return [jobs[first : first + size] for first in range(0, len(jobs), size)]
