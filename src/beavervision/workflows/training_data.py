"""Training data of a stage: one person's clip, or a corpus of clips and synthetic speech."""

from __future__ import annotations

import glob
from pathlib import Path

from omegaconf import DictConfig

from beavervision.artifacts.corpus import KINDS, Corpus, write_corpus
from beavervision.artifacts.manifest import MANIFEST, kind_of, sha256_folder
from beavervision.config.schemas import DataSettings, typed_node
from beavervision.errors import ConfigError
from beavervision.workflows.prepare import ensure_clip
from beavervision.workflows.synthetic_speech import ensure_synthetic_speech

CORPUS = "corpus"
"""Folder of a corpus below that of the data."""
GENERAL_STAGES = ("audio2motion", "syncnet")
"""Stages that can be trained on many people; the others are trained on one."""


def ensure_training_data(cfg: DictConfig) -> Path:
    """Return the folder of the stage's training data, which is prepared if it does not exist.

    Raises:
        ConfigError: when there are no data, or the stage cannot be trained on many people.
    """
    settings = typed_node(cfg, "data", DataSettings)
    if settings.clips is None:
        return ensure_clip(cfg)
    if cfg.run.stage not in GENERAL_STAGES:
        raise ConfigError(
            f"{cfg.run.stage} learns one person, not the many of data.clips={settings.clips}; name one with "
            "data=myvideo data.name=<clip>."
        )
    if settings.hours is not None:
        ensure_synthetic_speech(cfg)
    return _corpus(Path(cfg.paths.runs) / settings.name / CORPUS, settings.name, settings.clips)


def _corpus(folder: Path, name: str, pattern: str) -> Path:
    """The corpus of all clips and synthetic speech whose folders match; it is written again when these changed."""
    members = [path.resolve() for path in map(Path, sorted(glob.glob(pattern, recursive=True))) if _is_recording(path)]
    if not members:
        raise ConfigError(
            f"data.clips={pattern} matches no prepared clip and no talk; prepare some, or give another pattern "
            "(in quotes)."
        )
    if not _is_written(folder, members):
        write_corpus(folder, name, members)
    return folder


def _is_recording(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() and kind_of(folder) in KINDS


def _is_written(folder: Path, members: list[Path]) -> bool:
    """Whether the corpus contains exactly these recordings in their current state."""
    if not (folder / MANIFEST).exists():
        return False
    known = Corpus.load(folder).hashes
    return known == {path: sha256_folder(path) for path in members}
