"""`manifest.json`: what an artifact folder holds, who made it, and from what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from beavervision import __version__
from beavervision.errors import BeaverError

MANIFEST = "manifest.json"
SCHEMA_VERSIONS = {"clip": 2}
"""Version of what a kind of artifact holds; 1 where it is not named."""


@dataclass(frozen=True)
class FieldSpec:
    """One array of an artifact: where it lies, what it is, in which unit and frame of reference."""

    file: str
    dtype: str
    shape: tuple[int, ...]
    unit: str = ""
    frame: str = ""


@dataclass(frozen=True)
class Manifest:
    """The contract of an artifact folder."""

    kind: str
    """clip | talk | motion | bundle"""
    facts: dict[str, Any] = field(default_factory=dict)
    """Scalars and small lists, JSON types only."""
    fields: dict[str, FieldSpec] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """name -> {path, sha256} of everything that the artifact was made from."""
    producer: str = f"beavervision {__version__}"
    schema_version: int = 0
    """0 stands for this beavervision's."""

    def __post_init__(self) -> None:
        """Take the version that is written now, unless one was read."""
        if not self.schema_version:
            object.__setattr__(self, "schema_version", SCHEMA_VERSIONS.get(self.kind, 1))

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into `folder`; it is the last file written, so that it marks a whole artifact."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, kind: str) -> Manifest:
        """Read and validate the manifest of `folder`.

        Raises:
            BeaverError: when there is none, it is of another kind, or was written by another schema.
        """
        path = folder / MANIFEST
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BeaverError(f"{folder} is not a {kind}: it has no {MANIFEST}.") from None
        except (json.JSONDecodeError, OSError) as error:
            raise BeaverError(f"{path} cannot be read ({error}); make the {kind} again.") from None
        if raw.get("kind") != kind:
            raise BeaverError(f"{folder} is a {raw.get('kind')}, not a {kind}; name the folder of a {kind}.")
        known = SCHEMA_VERSIONS.get(kind, 1)
        if raw.get("schema_version") != known:
            raise BeaverError(
                f"{folder} has schema version {raw.get('schema_version')}, this beavervision reads {known}; "
                f"make the {kind} again."
            )
        raw["fields"] = {name: FieldSpec(**spec) for name, spec in raw["fields"].items()}
        for spec in raw["fields"].values():
            object.__setattr__(spec, "shape", tuple(spec.shape))
        return cls(**raw)


def kind_of(folder: Path) -> str:
    """What kind of artifact a folder holds: clip, talk, motion, bundle, ...

    Raises:
        BeaverError: when it holds none, or its manifest cannot be read.
    """
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["kind"])
    except FileNotFoundError:
        raise BeaverError(f"{folder} is no artifact: it has no {MANIFEST}.") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise BeaverError(f"{folder / MANIFEST} cannot be read ({error}); make the artifact again.") from None


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_folder(folder: Path) -> str:
    """Hex SHA-256 that names an artifact: of its manifest, which holds the hashes and shapes of the rest."""
    return sha256_file(folder / MANIFEST)


def sha256_json(value: Mapping[str, Any]) -> str:
    """Hex SHA-256 of a JSON value with sorted keys: the name of a cache entry."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
