"""Corpus: a named list of recordings of many people, for training the speech stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import Facts, Manifest, Text, sha256_folder, write_manifest
from beavervision.errors import ArtifactError, CorpusError

KINDS = ("clip", "synthetic_speech")
"""Kinds of artifacts that a corpus may contain."""


class CorpusFacts(Facts):
    """Facts of a corpus in addition to its list of recordings."""

    KIND: ClassVar[str] = "corpus"
    ERROR: ClassVar[type[ArtifactError]] = CorpusError
    REMEDY: ClassVar[str] = "make the corpus again"

    name: Text
    """Name that the user gave to the corpus (`data.name`)."""


@dataclass(frozen=True)
class Corpus:
    """A list of folders of clips and synthetic speech, which are not copied."""

    folder: Path
    name: str
    hashes: dict[Path, str]
    """Folder of each recording -> its sha256 at the time when the corpus was written."""

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        """Read and validate a corpus.

        Raises:
            CorpusError: when `folder` is no corpus or is damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, CorpusFacts)
        manifest.check_fields(folder, {})
        hashes = {Path(entry.path): entry.sha256 for entry in manifest.inputs.values()}
        return cls(folder, manifest.facts.name, hashes)

    @property
    def members(self) -> tuple[Path, ...]:
        """Folders of the clips and synthetic speech."""
        return tuple(self.hashes)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 that identifies these recordings."""
        return sha256_folder(self.folder)


def write_corpus(folder: Path, name: str, members: Sequence[Path]) -> Corpus:
    """Write the folder of a corpus atomically.

    Args:
        folder: folder to write; it is replaced when it exists.
        name: name that the user gave to the corpus (`data.name`).
        members: folders of clips and synthetic speech.
    """
    inputs = {f"{i:06}": {"path": str(path), "sha256": sha256_folder(path)} for i, path in enumerate(members)}
    with atomic_folder(folder) as part:
        write_manifest(part, CorpusFacts, {"name": name}, inputs=inputs)
    return Corpus.load(folder)
