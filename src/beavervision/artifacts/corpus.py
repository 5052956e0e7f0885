"""Corpus: recordings of many people that something general is learnt from, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import Manifest, sha256_folder

KINDS = ("clip", "talk")
"""Artifacts that a corpus is made of."""


@dataclass(frozen=True)
class Corpus:
    """A list of clips and talks; they stay where they are."""

    folder: Path
    name: str
    hashes: dict[Path, str]
    """Folder of each clip and talk -> its sha256 when the corpus was written."""

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        """Read and validate a corpus.

        Raises:
            BeaverError: when `folder` is none, or damaged.
        """
        manifest = Manifest.read(Path(folder), "corpus")
        hashes = {Path(entry["path"]): entry["sha256"] for entry in manifest.inputs.values()}
        return cls(Path(folder), manifest.facts["name"], hashes)

    @property
    def members(self) -> tuple[Path, ...]:
        """Folders of clips and talks."""
        return tuple(self.hashes)

    @property
    def sha256(self) -> str:
        """Name of exactly these recordings."""
        return sha256_folder(self.folder)


def write_corpus(folder: Path, name: str, members: Sequence[Path]) -> Corpus:
    """Write a corpus' folder, whole or not at all.

    Args:
        folder: where; replaced when it exists.
        name: the user's name for it (`data.name`).
        members: folders of clips and talks.
    """
    inputs = {f"{i:06}": {"path": str(path), "sha256": sha256_folder(path)} for i, path in enumerate(members)}
    with atomic_folder(folder) as part:
        Manifest("corpus", {"name": name}, {}, inputs).write(part)
    return Corpus.load(folder)
