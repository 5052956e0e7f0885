"""What a stage learns from: one person's clip, or a corpus of clips and talks."""

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
"""Folder of a corpus below the data's own."""
GENERAL_STAGES = ("audio2motion", "syncnet")
"""Stages that learn from many people at once; the others belong to one."""


def ensure_training_data(cfg: DictConfig) -> Path:
    """Return the folder of what the config's stage learns from; what is not there is prepared.

    Raises:
        ConfigError: when there is nothing to learn from, or the stage cannot learn from many people.
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
    """The corpus of all clips and talks whose folders match; it is written where it is another than before."""
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
    """Whether the corpus holds just these, as they are now."""
    if not (folder / MANIFEST).exists():
        return False
    known = Corpus.load(folder).hashes
    return known == {path: sha256_folder(path) for path in members}
