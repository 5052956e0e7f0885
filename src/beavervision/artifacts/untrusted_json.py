"""Parses untrusted JSON files and safetensors headers within size limits; each error is one sentence."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

MAX_JSON_BYTES = 64 << 20
"""Largest JSON file that is read; the manifest of a corpus of 100,000 recordings has 20 MB."""
MAX_HEADER_BYTES = 16 << 20
"""Largest header of a safetensors file; that of a radnerf_head bundle has 10 kB."""
MAX_DEPTH = 100
"""Deepest nesting that is read; far below Python's recursion limit, near which even a finaliser fails."""
STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|([\[{])|[\]}]', re.DOTALL)
SHOWN = 60
"""Longest value from a file that an error message shows, characters."""

ITEM_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""Bytes per number of safetensors' data types."""


class MalformedFileError(ValueError):
    """A file violates its format; the message completes "FILE cannot be read (...)"."""


@dataclass(frozen=True)
class TensorHeader:
    """Location, type and shape of one tensor in a safetensors file."""

    dtype: str
    """safetensors' name, for example F32."""
    shape: tuple[int, ...]
    begin: int
    """Offset of the first byte from the end of the header."""
    end: int


def shorten(value: object) -> str:
    """Return a value from a file for an error message: on one line and short.

    Example:
        >>> shorten("a" * 100)[-10:], shorten([1, "b"])
        ('aaaaaa ...', "[1, 'b']")
    """
    try:
        text = ascii(value) if not isinstance(value, int) or abs(value) < 10**SHOWN else "a huge number"
    except RecursionError:
        text = "a deeply nested value"
    return text if len(text) <= SHOWN else text[:SHOWN] + " ..."


def check_regular(path: Path, most: int) -> int:
    """Return the size of a regular file, bytes.

    Raises:
        FileNotFoundError: when there is no file.
        MalformedFileError: when it is a device, a pipe or a folder, or larger than `most` bytes.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise MalformedFileError("it is not a regular file")
    if found.st_size > most:
        raise MalformedFileError(f"it has {found.st_size} bytes, more than the {most} that such a file can have")
    return found.st_size


def read_json(path: Path, *, allow_nan: bool = False) -> Any:
    """Read a JSON file.

    Args:
        path: path of the file.
        allow_nan: whether NaN and Infinity are accepted, as in metrics.

    Raises:
        FileNotFoundError: when there is no file.
        MalformedFileError: when it is not UTF-8 or not JSON, is too large or too deeply nested, repeats a key, or
            contains a number that is not finite.
    """
    check_regular(path, MAX_JSON_BYTES)
    return parse_json(path.read_bytes(), allow_nan=allow_nan)


def parse_json(content: bytes, *, allow_nan: bool = False) -> Any:
    """Parse JSON; see `read_json`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedFileError("it is not UTF-8") from None
    if _depth(text) > MAX_DEPTH:
        raise MalformedFileError("it is nested too deeply")
    constants = None if allow_nan else _refuse_constant
    numbers = None if allow_nan else _finite
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=constants, parse_float=numbers)
    except MalformedFileError:
        raise
    except ValueError as error:
        raise MalformedFileError(f"it is not JSON: {shorten(str(error))[1:-1]}") from None


def read_tensor_headers(path: Path, most: int) -> dict[str, TensorHeader]:
    """Read the header of a safetensors file and check that it matches the file exactly.

    The format (huggingface/safetensors, README): 8 bytes with the length of a JSON header, the header, the tensors
    without gaps.

    Args:
        path: path of the file.
        most: largest allowed size of the file, bytes.

    Raises:
        FileNotFoundError: when there is no file.
        MalformedFileError: when the header does not fit the file.
    """
    size = check_regular(path, most)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, MAX_HEADER_BYTES):
            raise MalformedFileError("its header is longer than the file")
        raw = parse_json(file.read(length))
    if not isinstance(raw, Mapping):
        raise MalformedFileError("its header is not a table of tensors")
    headers = {name: _tensor_header(name, entry) for name, entry in raw.items() if name != "__metadata__"}
    position = 0
    for name, header in sorted(headers.items(), key=lambda item: (item[1].begin, item[1].end)):
        if header.begin != position:
            raise MalformedFileError(f"tensor {shorten(name)} does not begin where the one before it ends")
        position = header.end
    if 8 + length + position != size:
        raise MalformedFileError(f"its header describes {8 + length + position} bytes, the file has {size}")
    return headers


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings."""
    depth = deepest = 0
    for found in STRING_OR_BRACKET.finditer(text):
        if found.group(1):
            depth += 1
            deepest = max(deepest, depth)
        elif found.group() in "]}":
            depth -= 1
    return deepest


def _tensor_header(name: str, entry: object) -> TensorHeader:
    if not isinstance(entry, Mapping) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise MalformedFileError(f"tensor {shorten(name)} lacks a dtype, a shape or its place")
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise MalformedFileError(f"tensor {shorten(name)} has the unknown dtype {shorten(dtype)}")
    if not _sizes(shape) or not _sizes(place) or len(place) != 2:
        raise MalformedFileError(f"tensor {shorten(name)} has no valid shape or place")
    if math.prod(shape) * ITEM_BYTES[dtype] != place[1] - place[0]:
        raise MalformedFileError(f"tensor {shorten(name)} of shape {shorten(shape)} does not fit its bytes")
    return TensorHeader(dtype, tuple(shape), place[0], place[1])


def _sizes(value: object) -> bool:
    """Whether `value` is a short list of sizes that fit into 48 bits."""
    return (
        isinstance(value, list) and len(value) <= 8 and all(type(size) is int and 0 <= size < 1 << 48 for size in value)
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedFileError(f"it names the key {shorten(name)} twice")
        found[name] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedFileError(f"it holds {shorten(text)[1:-1]}, which is not finite")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise MalformedFileError(f"it holds {text}")
