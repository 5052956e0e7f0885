"""Arrays of an artifact: safetensors files beside the manifest, read or memory-mapped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from beavervision.artifacts.manifest import MAX_ARRAY_BYTES, Facts, FieldSpec, Manifest
from beavervision.artifacts.untrusted_json import MalformedFileError, read_tensor_headers

LARGE = 64 << 20
"""Size in bytes from which an array file is memory-mapped instead of read: half an hour of landmarks is 256 MB."""
MAX_PICTURE_PIXELS = 1 << 26
"""Largest number of pixels of an image in an artifact; a frame of 8K footage has 33 million."""

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
"""safetensors' name of a data type -> numpy's, for the types that artifacts may contain."""


def save_arrays(
    folder: Path, file: str, arrays: Mapping[str, np.ndarray], notes: Mapping[str, tuple[str, str]]
) -> dict[str, FieldSpec]:
    """Write arrays to a safetensors file.

    Args:
        folder: folder of the artifact.
        file: name of the file in the folder.
        arrays: the arrays by name.
        notes: name -> unit and frame of reference.

    Returns:
        The manifest entry of each array.
    """
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / file)
    specs = {}
    for name, array in arrays.items():
        unit, frame = notes.get(name, ("", ""))
        shape = tuple(int(size) for size in array.shape)
        specs[name] = FieldSpec.model_validate(
            {"file": file, "dtype": str(array.dtype), "shape": shape, "unit": unit, "frame": frame}
        )
    return specs


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """Memory-map the arrays of a safetensors file; data is loaded only when it is accessed.

    Raises:
        MalformedFileError: when the header does not fit the file, or names a data type that artifacts may not contain.
    """
    headers = read_tensor_headers(path, MAX_ARRAY_BYTES)
    with path.open("rb") as file:
        first = 8 + int.from_bytes(file.read(8), "little")
    if unknown := {header.dtype for header in headers.values()} - DTYPES.keys():
        raise MalformedFileError(f"it holds numbers of type {min(unknown)}")
    whole = np.memmap(path, np.uint8, "r")  # one file descriptor for all arrays
    return {
        name: whole[first + header.begin : first + header.end].view(DTYPES[header.dtype]).reshape(header.shape)
        for name, header in headers.items()
    }


def load_arrays(folder: Path, manifest: Manifest, file: str) -> dict[str, np.ndarray]:
    """Read the arrays of `folder / file`, which `Manifest.read` has checked against the manifest.

    Raises:
        ArtifactError: when the file is missing or damaged, or differs from the manifest.
    """
    path, facts = folder / file, manifest.facts
    manifest.check_file(folder, file)
    try:
        return load_file(path) if path.stat().st_size < LARGE else map_arrays(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise facts.ERROR(f"{path} cannot be read ({error}); {facts.REMEDY}.") from None


def load_picture(path: Path, facts: Facts, mode: str = "RGB") -> np.ndarray:
    """Read an image of an artifact as uint8 [H, W, 3], or [H, W, 4] in mode RGBA.

    Raises:
        ArtifactError: when it is damaged, or larger than MAX_PICTURE_PIXELS.
    """
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise MalformedFileError(f"it has {picture.width} x {picture.height} pixels")
            return np.asarray(picture.convert(mode))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise facts.ERROR(f"{path} cannot be read ({error}); {facts.REMEDY}.") from None
