"""Avatar archive (.bva): the bundles of one person in one zip file, to hand to somebody else.

Entries are stored, not compressed, so that no archive unpacks to more than its own size. `manifest.json` comes first
and lists every other entry with its size and SHA-256; nothing else may be inside. All of it is untrusted data.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from beavervision import __version__
from beavervision.artifacts.atomic_write import atomic_file, atomic_folder
from beavervision.artifacts.bundle import BundleFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest, Sha256, Strict, Text, first_problem, sha256_file
from beavervision.artifacts.names import is_name
from beavervision.artifacts.untrusted_json import MalformedFileError, parse_json, shorten
from beavervision.errors import ArtifactError, BeaverError

SUFFIX = ".bva"
BUNDLE = "bundle"
"""Folder of a run that holds its bundle."""
MAX_BYTES = 16 << 30
"""Largest archive; a person with the largest networks has 2 GB."""
MAX_FILES = 1000
MAX_MANIFEST_BYTES = 1 << 20
BLOCK = 1 << 20
ENTRY = re.compile(
    r"(?P<stage>[a-z][a-z0-9_]{0,63})/(?P<run>[A-Za-z0-9_][A-Za-z0-9_.,=+-]{0,199})/bundle/"
    r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\.(?:json|yaml|safetensors|mp4|png|jpg|flac|wav)"
)
"""<stage>/<run>/bundle/<file> with one of the endings that bundles have: no path leads out, nothing is a program."""


class ArchivedFile(Strict):
    """One entry of an archive."""

    size: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    sha256: Sha256


class ArchiveManifest(Strict):
    """Contents of an archive."""

    kind: Literal["avatar"]
    schema_version: Literal[1]
    producer: Text
    name: Text
    """Name of the person."""
    files: Annotated[dict[Text, ArchivedFile], Field(max_length=MAX_FILES)]
    """Path in the archive -> size and hash."""


def pack(out: Path, name: str, bundles: Iterable[tuple[str, Path]]) -> ArchiveManifest:
    """Write an archive; whole or not at all.

    Args:
        out: file to write.
        name: name of the person.
        bundles: stage and folder of each finished bundle, `<run>/bundle`.

    Raises:
        ArtifactError: when a bundle is damaged, or holds a file that no bundle has.
        StorageError: when the place cannot be written to.
    """
    files: dict[str, Path] = {}
    for stage, folder in sorted(bundles):
        Manifest.read(folder, BundleFacts)
        for path in sorted(folder.iterdir()):
            entry = f"{stage}/{folder.parent.name}/{BUNDLE}/{path.name}"
            if not path.is_file() or not ENTRY.fullmatch(entry):
                raise ArtifactError(f"{path} does not belong into a bundle; remove it.")
            files[entry] = path
    listed = {entry: {"size": path.stat().st_size, "sha256": sha256_file(path)} for entry, path in files.items()}
    head = {"kind": "avatar", "schema_version": 1, "producer": f"beavervision {__version__}", "name": name}
    manifest = ArchiveManifest.model_validate({**head, "files": listed})
    with atomic_file(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry(MANIFEST), json.dumps({**head, "files": listed}, indent=1))
        for entry, path in files.items():
            with path.open("rb") as source, archive.open(_entry(entry), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, BLOCK)
    return manifest


def unpack(path: Path, runs: Path, name: str | None = None) -> Path:
    """Unpack an archive to `<runs>/<name>`; whole or not at all, and never over something that exists.

    Args:
        path: the archive.
        runs: folder of all runs.
        name: of the person; by default the one in the archive.

    Returns:
        The person's folder.

    Raises:
        ArtifactError: when it is no archive, is damaged, names a path outside, holds what its manifest does not list,
            or the person exists already.
        StorageError: when the place cannot be written to.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _read_manifest(archive, path)
            folder = _destination(path, runs, manifest.name if name is None else name)
            with atomic_folder(folder) as part:
                for entry, facts in manifest.files.items():
                    _extract(archive, entry, facts, part / entry)
                for bundle in sorted({(part / entry).parent for entry in manifest.files}):
                    _check_bundle(bundle, part)
    except FileNotFoundError:
        raise ArtifactError(f"{path} not found; name an avatar archive ({SUFFIX}).") from None
    except (MalformedFileError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(f"{path} cannot be unpacked ({error}); ask for it again.") from None
    return folder


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry with a fixed date: the same bundles make the same archive."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> ArchiveManifest:
    """Check the directory of the archive against its manifest, before anything is written."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES + 1:
        raise MalformedFileError(f"it holds {len(entries)} entries, more than the {MAX_FILES} of any avatar")
    size, sizes = path.stat().st_size, {entry.filename: entry.file_size for entry in entries}
    if len(sizes) != len(entries):
        raise MalformedFileError("it names an entry twice")
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries):
        raise MalformedFileError("an entry is compressed or encrypted, and an avatar's are not")
    if sum(sizes.values()) > min(size, MAX_BYTES):
        raise MalformedFileError(f"it unpacks to {sum(sizes.values())} bytes and has {size}")
    if sizes.get(MANIFEST, MAX_MANIFEST_BYTES + 1) > MAX_MANIFEST_BYTES:
        raise MalformedFileError(f"it has no {MANIFEST} of an avatar")
    try:
        # Through JSON: strict types accept a JSON table, not what Python makes of it.
        raw = json.dumps(parse_json(archive.read(MANIFEST)))
        manifest = ArchiveManifest.model_validate_json(raw)
    except ValidationError as error:
        raise MalformedFileError(f"{MANIFEST}: {first_problem(error)}") from None
    for entry in manifest.files:
        if not ENTRY.fullmatch(entry):
            raise MalformedFileError(f"{shorten(entry)} is no place for a file of a bundle")
    if {MANIFEST: sizes[MANIFEST], **{name: facts.size for name, facts in manifest.files.items()}} != sizes:
        odd = sorted(set(sizes) ^ {MANIFEST, *manifest.files})
        raise MalformedFileError(f"its entries are not those of its manifest{f': {shorten(odd[0])}' if odd else ''}")
    return manifest


def _destination(path: Path, runs: Path, name: str) -> Path:
    if not is_name(name):
        raise ArtifactError(f"{path} names the person {shorten(name)}, which cannot be a folder; give another name.")
    folder = Path(runs) / name
    if folder.exists():
        raise ArtifactError(f"{folder} exists already; give another name, or move it away.")
    return folder


def _extract(archive: zipfile.ZipFile, entry: str, facts: ArchivedFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), facts.size
    with archive.open(entry) as source, target.open("xb") as file:
        while left and (piece := source.read(min(BLOCK, left))):
            left -= len(piece)
            digest.update(piece)
            file.write(piece)
    if left or digest.hexdigest() != facts.sha256:
        raise MalformedFileError(f"{entry} is not the file that was packed")


def _check_bundle(bundle: Path, part: Path) -> None:
    """Refuse what is no bundle of the stage whose folder it is in."""
    stage = bundle.relative_to(part).parts[0]
    try:
        found = Manifest.read(bundle, BundleFacts).facts.stage
    except BeaverError as error:
        # The folder that the sentence names is a temporary one.
        raise MalformedFileError(str(error).replace(f"{part}/", "").rstrip(".")) from None
    if found != stage:
        raise MalformedFileError(f"{stage} holds a bundle of {shorten(found)}")
