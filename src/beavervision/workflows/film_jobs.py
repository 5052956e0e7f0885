"""Several films by one command: which of them a job makes, and which are made already."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.manifest import MANIFEST
from beavervision.config.film_list import read_film_jobs
from beavervision.errors import ConfigError

INDIFFERENT = ("paths", "hardware", "run", "films", "film", "batch", "keep_partial", "cache")
"""Parts of the config that do not change a film."""


def apply_film_job(cfg: DictConfig) -> None:
    """Set clip, speech and output of the film that `films` and `film` select.

    Raises:
        ConfigError: when only one of them is set, or there is no such row.
    """
    if cfg.films is None and cfg.film is None:
        return
    if cfg.films is None or cfg.film is None:
        raise ConfigError("films=<CSV> needs -m: beavervision infer -m films=films.csv makes one film for each row.")
    jobs = read_film_jobs(Path(cfg.films))
    if not 0 <= int(cfg.film) < len(jobs):
        raise ConfigError(f"film={cfg.film}: {cfg.films} has films 0 to {len(jobs) - 1}.")
    job = jobs[int(cfg.film)]
    cfg.data.name, cfg.audio = job.clip, str(job.speech)
    if job.out is not None:
        cfg.out = str(job.out)


def is_one_of_several() -> bool:
    """Whether this is a job of a command with -m."""
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def is_made(out: Path, cfg: DictConfig) -> bool:
    """Whether a film is complete, was made with these settings, and is newer than its speech and its clip's bundles."""
    mark = _mark(out)
    try:
        made = out.stat().st_mtime_ns
        known = mark.read_text(encoding="utf-8")
    except OSError:
        return False
    if known != _settings(cfg):
        return False
    bundles = (Path(cfg.paths.runs) / cfg.data.name).glob(f"*/*/bundle/{MANIFEST}")
    speeches = [cfg.audio, *cfg.speech.values()]
    inputs = [*bundles, *(Path(path) for path in speeches if path is not None)]
    return all(path.exists() and path.stat().st_mtime_ns <= made for path in inputs)


def note_made(out: Path, cfg: DictConfig) -> None:
    """Remember with which settings a complete film was made, in a hidden file beside it."""
    with atomic_file(_mark(out)) as part:
        part.write_text(_settings(cfg), encoding="utf-8")


def _mark(out: Path) -> Path:
    return out.with_name(f".{out.name}.made")


def _settings(cfg: DictConfig) -> str:
    """Hash of everything in a config that decides what a film looks like."""
    kept = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in INDIFFERENT])
    return hashlib.sha256(OmegaConf.to_yaml(kept, sort_keys=True).encode()).hexdigest()
