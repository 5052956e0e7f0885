"""Composes the config of one verb in Python, equal to that of the command line, and restores Hydra's state."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from beavervision.config.conf_folder import conf_folder
from beavervision.config.hydra_errors import HYDRA_ERRORS, to_beaver_error
from beavervision.config.plugins import register_plugins
from beavervision.config.resolvers import register_resolvers
from beavervision.errors import ConfigError

HYDRA_LOCK = threading.RLock()
"""Hydra stores the running job in a global variable: jobs of several threads run one after another."""


@contextmanager
def composed_job(verb: str, overrides: Sequence[str]) -> Iterator[DictConfig]:
    """Yield the config of a verb; inside the block it is Hydra's running job.

    Args:
        verb: `prepare`, `train`, `infer` or `evaluate`.
        overrides: overrides in Hydra's grammar, such as `trainer.max_steps=10`.

    Raises:
        ConfigError: when a group, an option or a key does not exist; the message suggests a name.
    """
    with HYDRA_LOCK:
        register_resolvers()
        register_plugins()
        config, global_hydra = HydraConfig.instance(), GlobalHydra.instance()
        before, hydra_before = config.cfg, global_hydra.hydra
        try:
            yield _job_config(verb, overrides)
        finally:
            config.cfg, global_hydra.hydra = before, hydra_before


def _job_config(verb: str, overrides: Sequence[str]) -> DictConfig:
    """Compose the config, set Hydra's running job, and write the config into the run's folder as Hydra does."""
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            cfg = compose(verb, overrides=list(overrides), return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        folder = Path(str(cfg.hydra.run.dir)).absolute()
    except HYDRA_ERRORS as error:
        raise ConfigError(str(to_beaver_error(error, verb, overrides))) from None
    with read_write(cfg.hydra.runtime), open_dict(cfg.hydra.runtime):
        cfg.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(cfg)
    job = copy.deepcopy(cfg)
    with read_write(job), open_dict(job):
        del job["hydra"]
    if cfg.hydra.output_subdir is not None and verb == "train":
        notes = folder / cfg.hydra.output_subdir
        notes.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(job, notes / "config.yaml")
        OmegaConf.save(cfg.hydra.overrides.task, notes / "overrides.yaml")
    return job
