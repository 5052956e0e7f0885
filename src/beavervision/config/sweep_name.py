"""Name and folder of a sweep, equal for equal commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from beavervision.config.conf_folder import conf_folder
from beavervision.config.hydra_errors import HYDRA_ERRORS
from beavervision.config.slug import safe_file_name

SWEEP_FOLDER = "BEAVERVISION_SWEEP"
"""Environment variable with the folder of the running sweep."""
CHOSEN = ("sweep", "model", "experiment")
"""Groups whose options appear without the name of the group."""
NAMED = ("frame", "seed", "datamodule", "audio_features", "face_model", "debug")
"""Further groups and keys that appear in the name; duration and hardware do not."""


@dataclass(frozen=True)
class SweepPlan:
    """Name of a sweep, and the overrides that all of its jobs share."""

    name: str
    folder: Path
    fixed: tuple[str, ...]
    """Overrides that are equal in all jobs."""

    def varying(self, overrides: Sequence[str]) -> list[str]:
        """Return the overrides in which a job differs from the others; sweepers format the rest differently."""
        fixed = {override.partition("=")[0] for override in self.fixed}
        return [override for override in overrides if override.partition("=")[0] not in fixed]

    @classmethod
    def of(cls, verb: str, arguments: Sequence[str]) -> SweepPlan | None:
        """Return the plan of a command line; None when it cannot be composed.

        Args:
            verb: `train`, `prepare`, ...
            arguments: command line without the script.
        """
        given = get_args_parser().parse_args(list(arguments))
        try:
            overrides = OverridesParser.create().parse_overrides(given.overrides)
            fixed = tuple(str(o.input_line) for o in overrides if not o.is_sweep_override())
            cfg = _composed(verb, fixed, given.config_dir)
        except HYDRA_ERRORS:
            return None
        name = sweep_name(verb, overrides, cfg.hydra.runtime.choices)
        runs = Path(cfg.paths.runs).resolve()
        several = any(o.is_sweep_override() and _key(o).startswith("data") for o in overrides)
        below = runs if several or "data" not in cfg else runs / cfg.data.name
        return cls(name, below / "sweeps" / name, fixed)


def sweep_name(verb: str, overrides: Sequence[Override], choices: Mapping[str, str | None]) -> str:
    """Return the name of a sweep: its sweep config, stage, experiment, and other relevant options.

    Args:
        verb: the verb; `train` does not appear in the name.
        overrides: overrides of the command line.
        choices: group -> chosen option.
    """
    given = {_key(o): str(o.input_line) for o in overrides}
    parts = [] if verb == "train" else [verb]
    parts += [_value(given[key]) if key in given else str(choices.get(key) or "") for key in CHOSEN]
    rest = (o for o in overrides if _key(o) not in CHOSEN)
    parts += sorted(str(o.input_line) for o in rest if _matters(o))
    return safe_file_name("-".join(part for part in parts if part))


def _matters(override: Override) -> bool:
    key = _key(override)
    return key.startswith(("model.", *NAMED)) or (override.is_sweep_override() and not key.startswith("hydra"))


def _key(override: Override) -> str:
    return override.key_or_group.lstrip("+~")


def _value(line: str) -> str:
    return line.partition("=")[2]


def _composed(verb: str, overrides: Sequence[str], config_dir: str | None) -> DictConfig:
    GlobalHydra.instance().clear()
    extra = [f"hydra.searchpath=[file://{Path(config_dir).resolve()}]"] if config_dir else []
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return compose(verb, overrides=[*overrides, *extra], return_hydra_config=True)
