"""Builds objects from config nodes; the only module that instantiates classes named in YAML."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.utils import get_class, instantiate
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from beavervision.config.resolvers import stage_of_target
from beavervision.config.schemas import frame_spec, parse_duration, to_dict
from beavervision.config.suggestions import suggest
from beavervision.errors import ConfigError
from beavervision.stages.base import StageData, StageModule
from beavervision.stages.hparam_bounds import check_bounds, integer

FEATURE_CACHE = ".takes"
"""Folder below the runs with cached speech samples of all runs; it may be deleted at any time."""
LENGTH = {"max_steps": integer(-1), "val_every": integer()}
"""Bounds of a schedule's numbers; -1 steps means until `trainer.max_time`."""
SPECIAL = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


def build_data(cfg: DictConfig, clip: Path, upstream: Mapping[str, Path]) -> StageData:
    """Build the stage's DataModule and set it up for training.

    Args:
        cfg: the whole config.
        clip: folder of the Clip.
        upstream: stage -> bundle folder of each required stage.

    Raises:
        ConfigError: when model and datamodule belong to different stages, or a key is unknown.
    """
    model, data = (stage_of_target(cfg[node]._target_) for node in ("model", "datamodule"))
    if model != data:
        raise ConfigError(f"model={model} does not go with the datamodule of {data}; leave datamodule= out.")
    offered = {
        "clip": clip,
        "frame": frame_spec(cfg.frame),
        "upstream": dict(upstream),
        "cache": Path(cfg.paths.runs) / FEATURE_CACHE,
    }
    accepted = _parameters(cfg.datamodule._target_)
    given = {name: value for name, value in offered.items() if accepted is None or name in accepted}
    built = _build(cfg.datamodule, "datamodule", **given)
    built.prepare_data()
    built.setup("fit")
    return built


def validate_objects(cfg: DictConfig) -> None:
    """Check the keys of all objects to be built, and the stage's numbers, before any long work begins.

    Raises:
        ConfigError: when a class has no such argument, or a number is out of bounds.
    """
    for name in ("trainer", "model", "datamodule"):
        check_keys(cfg[name], name)
    for name in ("schedule", "trainer"):
        check_bounds(to_dict(cfg.get(name) or DictConfig({})), LENGTH, name)
    for name in ("model", "datamodule"):
        limits = getattr(get_class(cfg[name]._target_), "limits", {})
        check_bounds(to_dict(cfg[name]), limits, name)
    for group in ("callbacks", "logger"):
        for name, node in (cfg.get(group) or {}).items():
            if node is not None:
                check_keys(node, f"{group}.{name}")


def build_module(cfg: DictConfig, data: StageData) -> StageModule:
    """Build the stage's LightningModule with the dimensions of the data.

    Raises:
        ConfigError: when a key of `model` is unknown.
    """
    return _build(cfg.model, "model", **data.dimensions())


def build_callbacks(cfg: DictConfig) -> list[Callback]:
    """Build the callbacks of the config; null entries are skipped."""
    return [_build(node, f"callbacks.{name}") for name, node in cfg.callbacks.items() if node is not None]


def build_loggers(cfg: DictConfig) -> list[Logger]:
    """Build the loggers of the config."""
    return [_build(node, f"logger.{name}") for name, node in (cfg.get("logger") or {}).items()]


def build_trainer(cfg: DictConfig, callbacks: list[Callback], loggers: list[Logger]) -> Trainer:
    """Build the trainer without Lightning's own progress bar and checkpoints."""
    bar = any(isinstance(callback, ProgressBar) for callback in callbacks)
    return _build(
        cfg.trainer,
        "trainer",
        max_time=parse_duration(cfg.trainer.max_time),
        callbacks=callbacks,
        logger=loggers or False,
        enable_progress_bar=bar,
        enable_checkpointing=False,
    )


def _build(node: DictConfig, name: str, **arguments: Any) -> Any:
    check_keys(node, name, arguments)
    # Hydra would convert dataclass arguments to dicts; with a partial they stay as they are.
    return instantiate(node, _convert_="all", _partial_=True)(**arguments)


def check_keys(node: DictConfig, name: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Check the keys of a node and of the nodes inside it against the signatures of their classes.

    Args:
        node: a node with `_target_`.
        name: config path of the node, for the error message.
        arguments: further arguments of the call, which do not come from the config.

    Raises:
        ConfigError: when the class has no such argument.
    """
    accepted = _parameters(node._target_)
    for key in node:
        if OmegaConf.is_dict(node) and OmegaConf.is_missing(node, key):
            raise ConfigError(f"{name}.{key} is not set; add {name}.{key}=.")
        if accepted is not None and key not in SPECIAL and key not in accepted:
            raise ConfigError(f"{name}.{key} is not an argument of {node._target_}; {suggest(str(key), accepted)}.")
        inner = node[key]
        if isinstance(inner, DictConfig) and "_target_" in inner:
            check_keys(inner, f"{name}.{key}")
    if accepted is not None and (unknown := sorted(set(arguments or {}) - set(accepted))):
        raise TypeError(f"{node._target_} takes no {unknown}, which the data dictates")


def _parameters(target: str) -> list[str] | None:
    """Names of the arguments of a class; None when it takes any."""
    parameters = inspect.signature(get_class(target).__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return [name for name in parameters if name != "self"]
