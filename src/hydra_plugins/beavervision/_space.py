"""What may be searched, from Hydra's way of writing it to Optuna's."""

from __future__ import annotations

from collections.abc import Iterable

from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, QuotedString, RangeSweep
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from beavervision.errors import ConfigError


def distributions(overrides: Iterable[Override]) -> dict[str, BaseDistribution]:
    """Return key -> what Optuna may choose, for the overrides that leave a choice.

    Raises:
        ConfigError: when none does.

    Example:
        >>> from hydra.core.override_parser.overrides_parser import OverridesParser
        >>> parsed = OverridesParser.create().parse_overrides(["seed=1", "lr=tag(log, interval(0.001, 0.1))"])
        >>> distributions(parsed)
        {'lr': FloatDistribution(high=0.1, log=True, low=0.001, step=None)}
    """
    space = {o.get_key_element(): _distribution(o) for o in overrides if o.is_sweep_override()}
    if not space:
        raise ConfigError("The search has nothing to choose; add for instance 'model.lr=interval(0.001,0.1)'.")
    return space


def _distribution(override: Override) -> BaseDistribution:
    choice = override.value()
    if isinstance(choice, IntervalSweep):
        log = "log" in choice.tags
        if isinstance(choice.start, int) and isinstance(choice.end, int):
            return IntDistribution(choice.start, choice.end, log=log)
        return FloatDistribution(float(choice.start or 0), float(choice.end or 0), log=log)
    if isinstance(choice, RangeSweep):
        # Hydra's range leaves its end out, Optuna's takes it in.
        if isinstance(values := choice.range(), range):
            return IntDistribution(min(values), max(values), step=abs(values.step))
        floats = [float(value) for value in values]
        return FloatDistribution(min(floats), max(floats), step=abs(float(choice.step)))
    if isinstance(choice, ChoiceSweep):
        return CategoricalDistribution([_plain(value) for value in choice.list])
    raise ConfigError(f"{override.input_line}: a search takes interval(...), range(...) or a comma list.")


def _plain(value: object) -> str | int | float | bool | None:
    """A value that Optuna's journal can keep."""
    if isinstance(value, QuotedString):
        return value.text
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)
