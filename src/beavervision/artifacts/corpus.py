"""Corpus: a named list of recordings of many people, for training the stages of speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import Facts, Manifest, Text, sha256_folder, write_manifest
from beavervision.errors import ArtifactError, CorpusError

KINDS = ("clip", "synthetic_speech")
"""Artifacts that a corpus is made of."""


class CorpusFacts(Facts):
    """What a corpus states besides its list of recordings."""

    KIND: ClassVar[str] = "corpus"
    ERROR: ClassVar[type[ArtifactError]] = CorpusError
    REMEDY: ClassVar[str] = "make the corpus again"

    name: Text
    """The user's name for it (`data.name`)."""


@dataclass(frozen=True)
class Corpus:
    """Folders of clips and synthetic speech; they stay where they are."""

    folder: Path
    name: str
    hashes: dict[Path, str]
    """Folder of each recording -> its sha256 when the corpus was written."""

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        """Read and validate a corpus.

        Raises:
            CorpusError: when `folder` is none, or damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, CorpusFacts)
        manifest.check_fields(folder, {})
        hashes = {Path(entry.path): entry.sha256 for entry in manifest.inputs.values()}
        return cls(folder, manifest.facts.name, hashes)

    @property
    def members(self) -> tuple[Path, ...]:
        """Folders of clips and synthetic speech."""
        return tuple(self.hashes)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 that names exactly these recordings."""
        return sha256_folder(self.folder)


def write_corpus(folder: Path, name: str, members: Sequence[Path]) -> Corpus:
    """Write the folder of a corpus, whole or not at all.

    Args:
        folder: where; replaced when it exists.
        name: the user's name for it (`data.name`).
        members: folders of clips and synthetic speech.
    """
    inputs = {f"{i:06}": {"path": str(path), "sha256": sha256_folder(path)} for i, path in enumerate(members)}
    with atomic_folder(folder) as part:
        write_manifest(part, CorpusFacts, {"name": name}, inputs=inputs)
    return Corpus.load(folder)
