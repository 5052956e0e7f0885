"""Everything that a hostile author could do to an artifact's folder, one thing at a time."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
OUTSIDE = "/etc/passwd"
HUGE = 10**12

WHOLE: dict[str, bytes] = {
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "empty": b"",
    "utf16": json.dumps({"kind": "clip"}).encode("utf-16"),
    "binary": bytes(range(256)),
    "brackets": b"[" * 100_000,
    "braces": b'{"a":' * 100_000,
    "twice": b'{"kind": "clip", "kind": "clip"}',
    "nan": b'{"kind": NaN}',
    "digits": b'{"kind": ' + b"9" * 5000 + b"}",
    "infinite": b'{"kind": 1e999}',
    "surrogate": b'{"kind": "\\ud800"}',
}
"""Contents of a whole manifest."""

Case = tuple[str, Callable[[], None]]
"""What is done, and what does it."""


def manifest_cases(folder: Path) -> Iterator[Case]:
    """Yield changes of the whole manifest and of every value in it."""
    path = folder / MANIFEST
    raw = json.loads(path.read_text(encoding="utf-8"))
    for name, content in WHOLE.items():
        yield f"manifest is {name}", lambda content=content: path.write_bytes(content)
    alike = set(list(raw["fields"])[2:])
    for place in _places(raw):
        if len(place) > 2 and place[0] == "fields" and place[1] in alike:
            continue  # they are read by the same lines as the first two
        for name, change in (("drop", _drop), *_replacements(_at(raw, place))):
            yield (
                f"{name} {'.'.join(map(str, place))}",
                lambda place=place, change=change: _write(path, change(copy.deepcopy(raw), place)),
            )
    for place in [(), *_places(raw)]:
        if isinstance(_at(raw, place), dict):
            yield (
                f"unknown key in {'.'.join(map(str, place))}",
                lambda place=place: _write(path, _put(copy.deepcopy(raw), (*place, "a key of nobody's"), 1)),
            )


def file_cases(folder: Path) -> Iterator[Case]:
    """Yield changes of every file of the folder, and of the headers of those with arrays."""
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        name = path.name
        yield f"{name} missing", path.unlink
        yield f"{name} is a folder", lambda path=path: (path.unlink(), path.mkdir())
        yield f"{name} is a pipe", lambda path=path: (path.unlink(), os.mkfifo(path))
        yield f"{name} links outside", lambda path=path: (path.unlink(), path.symlink_to(OUTSIDE))
        yield f"{name} links to itself", lambda path=path: (path.unlink(), path.symlink_to(path.name))
        yield f"{name} is nonsense", lambda path=path: path.write_bytes(b"nonsense" * 9)
        yield f"{name} is cut short", lambda path=path: path.write_bytes(path.read_bytes()[:-5])
        if path.suffix == ".safetensors":
            for lie in _header_lies(path):
                yield f"{name}: {lie[0]}", lie[1]


def _header_lies(path: Path) -> Iterator[Case]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    first = next((name for name in header if name != "__metadata__"), None)
    yield "endless header", lambda: path.write_bytes((1 << 62).to_bytes(8, "little") + content[8:])
    yield "deep header", lambda: path.write_bytes((100_000).to_bytes(8, "little") + b"[" * 100_000)
    yield "header is a list", lambda: path.write_bytes(_tensor_file([], data))
    if first is None:
        return
    for key, value in [
        ("dtype", "F64"), ("dtype", "X1"), ("dtype", 3), ("shape", [HUGE, HUGE]), ("shape", [-1]), ("shape", "4"),
        ("shape", [True]), ("data_offsets", [0, HUGE]), ("data_offsets", [HUGE, 0]), ("data_offsets", [0]),
    ]:  # fmt: skip
        if header[first][key] == value:
            continue
        lying = _put(copy.deepcopy(header), (first, key), value)
        yield f"{key} {value}", lambda lying=lying: path.write_bytes(_tensor_file(lying, data))
    extra = _put(copy.deepcopy(header), ("another",), {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})
    yield "another array", lambda: path.write_bytes(_tensor_file(extra, data))


def survivors(
    folder: Path, load: Callable[[Path], Any], cases: Callable[[Path], Iterator[Case]], expected: type[Exception]
) -> tuple[dict[str, str], set[str]]:
    """Load the artifact after each change, which is undone afterwards.

    Returns:
        Changes after which loading failed otherwise than with `expected`, or with more than one line -> how; and
        changes after which it loaded all the same.
    """
    wrong, loaded = {}, set()
    safe = folder.with_name(folder.name + ".safe")
    shutil.copytree(folder, safe, dirs_exist_ok=True)
    for name, change in list(cases(folder)):
        change()
        try:
            load(folder)
            loaded.add(name)
        except expected as error:
            text = str(error)
            if (not text.endswith((".", "=")) and "python train.py" not in text) or "\n" in text or len(text) > 1200:
                wrong[name] = text
        except BaseException as error:
            wrong[name] = f"{type(error).__name__}: {error}"[:300]
        finally:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            for path in safe.iterdir():
                (shutil.copytree if path.is_dir() else shutil.copyfile)(path, folder / path.name)
    return wrong, loaded


def _places(value: Any, place: tuple = ()) -> Iterator[tuple]:
    """Where something stands in a JSON value; of long lists the first entry only."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key)
            yield from _places(inner, (*place, key))
    elif isinstance(value, list) and value:
        yield (*place, 0)
        yield from _places(value[0], (*place, 0))


def _replacements(value: Any) -> Iterator[tuple[str, Callable[[Any, tuple], Any]]]:
    others: dict[str, Any] = {"null": None, "list": [], "table": {}, "text": "text", "number": 7.5}
    if isinstance(value, str):
        del others["text"]
        others |= {"traverse": "../../../../etc/passwd", "absolute": OUTSIDE, "nul": "a\0b", "long": "x" * 100_000}
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        others |= {"huge": HUGE, "digits": 10**400, "negative": -1, "yes": True, "zero": 0}
    elif isinstance(value, list):
        del others["list"]
        others |= {"longer": value * 50, "nested": [value]}
    elif isinstance(value, dict):
        del others["table"]
    for name, other in others.items():
        if other != value or type(other) is not type(value):
            yield name, lambda raw, place, other=other: _put(raw, place, other)


def _at(raw: Any, place: tuple) -> Any:
    for part in place:
        raw = raw[part]
    return raw


def _put(raw: Any, place: tuple, value: Any) -> Any:
    _at(raw, place[:-1])[place[-1]] = value
    return raw


def _drop(raw: Any, place: tuple) -> Any:
    del _at(raw, place[:-1])[place[-1]]
    return raw


def _write(path: Path, raw: Any) -> None:
    path.write_text(json.dumps(raw), encoding="utf-8")


def _tensor_file(header: Any, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data
