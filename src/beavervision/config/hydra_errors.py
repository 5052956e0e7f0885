"""Converts Hydra's errors about a command line to one sentence with a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from beavervision.config.conf_folder import conf_folder
from beavervision.config.schemas import to_dict
from beavervision.config.suggestions import suggest
from beavervision.errors import BeaverError, ConfigError

HYDRA_ERRORS = (HydraException, OmegaConfBaseException)
"""Errors of Hydra and OmegaConf for a command line that does not fit the configs."""
LAUNCHER = "hydra/launcher"
EXTRAS = {"joblib": "joblib", "submitit_local": "slurm", "submitit_slurm": "slurm"}
"""Launcher of a Hydra plugin -> the extra that installs it."""


def to_beaver_error(error: Exception, verb: str, arguments: Sequence[str]) -> BeaverError:
    """Convert a config error to a BeaverError.

    Args:
        error: one of `HYDRA_ERRORS`, or `raised_by_hydra`.
        verb: primary config of the command (`train`).
        arguments: command line without the program's name.
    """
    if (ours := _ours(error)) is not None:
        return ours
    text = str(error)
    if not isinstance(error, HYDRA_ERRORS):
        given = " ".join(arguments)
        return ConfigError(f"{given[:200]} cannot be composed ({text}); give each group one of its options.")
    if isinstance(error, OverrideParseException):
        return ConfigError(f"{error.override} cannot be read as key=value; put odd values into quotes.")
    if isinstance(error, MissingConfigException):
        return ConfigError(_unknown_option(error, text))
    if found := re.search(r"Could not override '([^']+)'", text):
        return ConfigError(_unknown_key(found.group(1), verb, arguments))
    if isinstance(error, MissingMandatoryValue):
        return ConfigError(f"{error.full_key} is not set; add {error.full_key}=.")
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    lines = [line.strip() for line in (text, str(cause)) if line.strip()]
    return ConfigError("; ".join(dict.fromkeys(line.splitlines()[0] for line in lines)) + ".")


def raised_by_hydra(error: BaseException) -> bool:
    """Whether an error comes from Hydra's own code, which does not check that a group's value is a word."""
    trace, name = error.__traceback__, ""
    while trace is not None:
        name, trace = trace.tb_frame.f_globals.get("__name__", ""), trace.tb_next
    return name.startswith(("hydra.", "omegaconf."))


def _ours(error: BaseException | None) -> BeaverError | None:
    """The message of one of our resolvers, which OmegaConf wraps in its own text."""
    while error is not None and not isinstance(error, BeaverError):
        error = error.__cause__ or error.__context__
    return error


def _unknown_option(error: MissingConfigException, text: str) -> str:
    """Error message for `group=option` where the group has no such option."""
    missing = error.missing_cfg_file or (re.search(r"'([^']+/[^']+)'", text) or ["", "?"])[1]
    group, _, option = missing.rpartition("/")
    if group == LAUNCHER and option in EXTRAS:
        return f"{group}={option} needs another package; pip install 'beavervision[{EXTRAS[option]}]'."
    options = error.options or re.findall(r"^\t(\S+)$", text, flags=re.MULTILINE)
    options = options or [path.stem for path in (conf_folder() / group).glob("*.yaml")]
    return f"{group}={option}: there is no such {group}; {suggest(option, options)}."


def _unknown_key(key: str, verb: str, arguments: Sequence[str]) -> str:
    """Error message for a key that the composed config does not have."""
    names = {option.partition("@")[0] for option in _groups()}
    choices = [a for a in arguments if a.partition("=")[0] in names and a.partition("=")[0] != key]
    cfg = _composed(verb, choices, _extra_folder(arguments))
    if key in names:
        return f"{key}= is not for {verb}; {suggest(key, cfg or [])}."
    known = {*dotted_keys(cfg), *(name for name in names if name in cfg)}
    return f"{key} is not a key of {verb}; {suggest(key, known)}."


def dotted_keys(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield every key of a config, nested ones with dots."""
    for key in cfg:
        name = f"{prefix}{key}"
        yield name
        value = to_dict(cfg, resolve=False)[str(key)]
        if isinstance(value, dict):
            yield from dotted_keys(OmegaConf.create(value), f"{name}.")


def _groups() -> Iterable[str]:
    """Names of the config groups: the folders of conf/."""
    folder = conf_folder()
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()]


def _extra_folder(arguments: Sequence[str]) -> list[str]:
    """The override that adds the folder of `--config-dir`, if the command line contains one."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if flag in ("--config-dir", "-cd") or flag.startswith("--config-dir="):
            folder = flag.partition("=")[2] or value
            return [f"hydra.searchpath=[file://{Path(folder).resolve()}]"]
    return []


def _composed(verb: str, overrides: Sequence[str], extra: list[str]) -> DictConfig:
    """Compose the verb's config with the valid part of the command line, or without it when that fails too."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        # One option per group: the comma list of a sweep is reduced to its first option.
        single = [o.split(",")[0] for o in overrides]
        for attempt in (single + extra, []):
            try:
                return compose(verb, overrides=attempt)
            except HYDRA_ERRORS:
                continue
    return OmegaConf.create()
