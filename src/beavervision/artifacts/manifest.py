"""`manifest.json`: contents, author and inputs of an artifact folder; read as untrusted data."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from beavervision import __version__
from beavervision.artifacts.untrusted_json import (
    MalformedFileError,
    TensorHeader,
    read_json,
    read_tensor_headers,
    shorten,
)
from beavervision.errors import ArtifactError

MANIFEST = "manifest.json"
OLD_SPEECH = "talk"
"""Kind of synthetic speech artifacts up to version 0.1."""
MAKE_SPEECH = "make it again: beavervision prepare data=synthetic_speech"
MAX_ARRAY_BYTES = 1 << 40
"""Largest array file that is opened; large files are memory-mapped."""
NUMPY_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
"""safetensors' name of a data type -> numpy's, for the types that artifacts may contain."""


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


Text = Annotated[str, Field(max_length=4096), AfterValidator(_no_nul)]
"""A name, a path or a short sentence."""
FileName = Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
"""A file directly in the artifact's folder: no separators, no `..`."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=1 << 31)]
Fps = Annotated[float, Field(gt=0, le=1000)]
"""Frames per second."""
Side = Annotated[int, Field(ge=1, le=16384)]
"""Width or height of an image, pixels."""
FieldKind = Literal["float", "int", "bool"]


class Strict(BaseModel):
    """Pydantic model with strict types; unknown keys and infinite numbers are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class FieldSpec(Strict):
    """One array of an artifact: its file, data type, unit and frame of reference."""

    file: FileName
    dtype: Literal["float64", "float32", "float16", "int64", "int32", "uint8", "bool"]
    shape: Annotated[tuple[Annotated[int, Field(ge=0, lt=1 << 48)], ...], Field(max_length=8)]
    unit: Text = ""
    frame: Text = ""


class InputSpec(Strict):
    """An input from which an artifact was made."""

    path: Text
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    """Empty if it was not computed."""


class Facts(Strict):
    """Facts of one kind of artifact in addition to its arrays; subclasses define the values and their types."""

    KIND: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1
    """Schema version of this kind of artifact; other versions are refused."""
    ERROR: ClassVar[type[ArtifactError]] = ArtifactError
    REMEDY: ClassVar[str]
    """Remedy for a damaged artifact in error messages: "prepare the clip again"."""


FactsT = TypeVar("FactsT", bound=Facts)


class Manifest(Strict, Generic[FactsT]):
    """Contents of an artifact folder."""

    kind: Text
    """clip | motion | bundle | corpus | synthetic_speech"""
    schema_version: int
    producer: Text
    facts: FactsT
    fields: dict[Text, FieldSpec]
    inputs: dict[Text, InputSpec]
    """Name -> path and sha256 of every input of the artifact."""

    @classmethod
    def read(cls, folder: Path, facts: type[FactsT]) -> Manifest[FactsT]:
        """Read and validate the manifest of `folder` and the headers of the array files that it names.

        Args:
            folder: folder of the artifact.
            facts: model of the facts of the expected kind.

        Raises:
            ArtifactError: when there is no artifact, it has another kind or schema version, its contents are invalid,
                or it names a file that is missing, differs, or is outside the folder.
        """
        folder = Path(folder)
        raw = _read_raw(folder, facts.KIND, facts.ERROR)
        kind, version = raw.get("kind"), raw.get("schema_version")
        if kind == OLD_SPEECH:
            raise facts.ERROR(f"{folder} is synthetic speech of an older beavervision; {MAKE_SPEECH}.")
        if kind != facts.KIND:
            raise facts.ERROR(f"{folder} is a {_named(kind)}, not a {facts.KIND}; name the folder of a {facts.KIND}.")
        if type(version) is not int or version != facts.SCHEMA_VERSION:
            raise facts.ERROR(
                f"{folder} has schema version {shorten(version)}, this beavervision reads {facts.SCHEMA_VERSION}; "
                f"{facts.REMEDY}."
            )
        try:
            manifest = Manifest[facts].model_validate_json(json.dumps(raw))
        except ValidationError as error:
            raise facts.ERROR(f"{folder / MANIFEST}: {first_problem(error)}; {facts.REMEDY}.") from None
        _check_entries(folder, facts)
        for file in sorted({spec.file for spec in manifest.fields.values()}):
            manifest.check_file(folder, file)
        return manifest

    def check_file(self, folder: Path, file: str) -> None:
        """Check that an array file contains exactly the arrays that the manifest lists for it.

        Raises:
            ArtifactError: when it is missing or damaged, or an array is missing, unknown, or has another type or shape.
        """
        path, remedy = folder / file, self.facts.REMEDY
        headers = tensor_headers(path, self.facts, MAX_ARRAY_BYTES)
        named = {name.rpartition("/")[2]: (name, spec) for name, spec in self.fields.items() if spec.file == file}
        for short, (name, spec) in named.items():
            found = headers.get(short)
            if found is None or (NUMPY_NAMES.get(found.dtype), found.shape) != (spec.dtype, spec.shape):
                raise self.facts.ERROR(f"{path}: {name} should be {spec.dtype} {spec.shape} by the manifest; {remedy}.")
        if unknown := sorted(set(headers) - set(named)):
            raise self.facts.ERROR(f"{path} holds {shorten(unknown[0])}, which the manifest does not name; {remedy}.")

    def check_fields(self, folder: Path, layout: Mapping[str, str], optional: Mapping[str, str] | None = None) -> None:
        """Check that the arrays are those of this kind of artifact, with shapes that fit each other.

        Args:
            folder: folder of the artifact, for error messages.
            layout: name -> kind and shape, for example "float T 478 3"; a letter is a size that is equal in all arrays.
            optional: the same for optional arrays.

        Raises:
            ArtifactError: when an array is missing, unknown, or has another kind or shape.
        """
        path, sizes = folder / MANIFEST, dict[str, int]()
        everything = {**layout, **(optional or {})}
        for name in layout:
            if name not in self.fields:
                raise self.facts.ERROR(f"{path}: the array {name} is missing; {self.facts.REMEDY}.")
        for name, spec in self.fields.items():
            wanted = everything.get(name)
            if wanted is None:
                raise self.facts.ERROR(f"{path}: the array {shorten(name)} is unknown; {self.facts.REMEDY}.")
            kind, *axes = wanted.split()
            fits = spec.dtype.startswith(kind) and len(spec.shape) == len(axes)
            for size, axis in zip(spec.shape, axes, strict=False):
                fits = fits and size == (int(axis) if axis.isdigit() else sizes.setdefault(axis, size))
            if not fits:
                raise self.facts.ERROR(
                    f"{path}: the array {name} is {spec.dtype} {spec.shape} and should be {kind} "
                    f"({', '.join(axes)}); {self.facts.REMEDY}."
                )


def write_manifest(
    folder: Path,
    facts: type[Facts] | str,
    values: Mapping[str, Any],
    fields: Mapping[str, FieldSpec] | None = None,
    inputs: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write `manifest.json` into `folder`; as the last file written it marks the artifact as complete.

    Args:
        folder: folder of the artifact.
        facts: the kind of artifact, or the name of a cache whose manifest is never read.
        values: its facts, JSON types only.
        fields: descriptions of its arrays.
        inputs: name -> path and sha256 of every input.
    """
    named = isinstance(facts, str)
    content = {
        "kind": facts if named else facts.KIND,
        "schema_version": 1 if named else facts.SCHEMA_VERSION,
        "producer": f"beavervision {__version__}",
        "facts": dict(values),
        "fields": {name: spec.model_dump() for name, spec in (fields or {}).items()},
        "inputs": {name: dict(entry) for name, entry in (inputs or {}).items()},
    }
    text = json.dumps(content, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def kind_of(folder: Path) -> str:
    """Return the kind of artifact in a folder: clip, motion, bundle, ...

    Raises:
        ArtifactError: when there is no artifact, or its manifest cannot be read.
    """
    kind = _read_raw(Path(folder), None, ArtifactError).get("kind")
    if not isinstance(kind, str):
        raise ArtifactError(f"{folder / MANIFEST} names no kind of artifact; make the artifact again.")
    return kind


def tensor_headers(path: Path, facts: Facts | type[Facts], most: int) -> dict[str, TensorHeader]:
    """Read the header of an artifact's safetensors file; see `read_tensor_headers`.

    Raises:
        ArtifactError: when it is missing or damaged.
    """
    try:
        return read_tensor_headers(path, most)
    except FileNotFoundError:
        raise facts.ERROR(f"{path} is missing; {facts.REMEDY}.") from None
    except (OSError, MalformedFileError) as error:
        raise facts.ERROR(f"{path} cannot be read ({error}); {facts.REMEDY}.") from None


def first_problem(error: ValidationError) -> str:
    """Return the first validation error as a phrase: which key, and what is wrong."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"]) or "the file"
    place = place if len(place) <= 120 else place[:120] + " ..."
    place = ascii(place)[1:-1]
    if problem["type"] == "missing":
        return f"{place} is missing"
    if problem["type"] == "extra_forbidden":
        return f"{place} is unknown"
    return f"{place} is {shorten(problem['input'])}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def sha256_file(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_folder(folder: Path) -> str:
    """Return the hex SHA-256 of an artifact's manifest, which contains the hashes and shapes of the other files."""
    return sha256_file(folder / MANIFEST)


def sha256_json(value: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of a JSON value with sorted keys, used as the name of a cache entry."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _read_raw(folder: Path, kind: str | None, error_class: type[ArtifactError]) -> dict[str, Any]:
    """Read the manifest as JSON values."""
    path = folder / MANIFEST
    wanted = f"a {kind}" if kind else "an artifact"
    again = f"make {'the ' + kind if kind else 'the artifact'} again"
    try:
        raw = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        raise error_class(f"{folder} is not {wanted}: it has no {MANIFEST}.") from None
    except (OSError, MalformedFileError) as error:
        raise error_class(f"{path} cannot be read ({error}); {again}.") from None
    if not isinstance(raw, dict):
        raise error_class(f"{path} cannot be read (it is not a table of names and values); {again}.")
    return raw


def _named(kind: object) -> str:
    """Name of a kind of artifact in error messages."""
    return kind if isinstance(kind, str) and kind.isidentifier() and len(kind) <= 40 else shorten(kind)


def _check_entries(folder: Path, facts: type[Facts]) -> None:
    """Refuse an artifact that contains anything but regular files and folders.

    A link out of the folder would expose files of others; reading a pipe would never end.
    """
    root = folder.resolve()
    for entry in folder.iterdir():
        try:
            outside = entry.is_symlink() and root not in entry.resolve(strict=True).parents
            mode = entry.stat().st_mode
        except (OSError, RuntimeError):  # a link to nothing, or to itself
            raise facts.ERROR(f"{entry} is a link to nothing; {facts.REMEDY}.") from None
        if outside:
            raise facts.ERROR(f"{entry} leads out of the folder; replace the link by a copy of the file.")
        if not stat.S_ISREG(mode) and not (stat.S_ISDIR(mode) and not entry.suffix):
            raise facts.ERROR(f"{entry} is not a file; {facts.REMEDY}.")
