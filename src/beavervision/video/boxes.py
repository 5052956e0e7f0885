"""Top-level boxes of an ISO base media file (mp4, mov), and whether the file is complete (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BOXES = 10_000
"""Maximum number of boxes that are read; a file has about five, a fragmented one a few hundred."""
HEADER, LARGE_HEADER = 8, 16
"""Bytes of a header: 32-bit size and type; the large one has a 64-bit size in addition."""


@dataclass(frozen=True)
class Box:
    """A box at the top level of a file."""

    kind: str
    """Four characters, such as `moov`."""
    start: int
    """Byte at which it begins."""
    size: int
    """Size that the header states, bytes, including the header."""


def top_boxes(path: Path) -> Iterator[Box]:
    """Yield the top-level boxes, as far as they can be read; files of other types have none.

    Example:
        >>> [box.kind for box in top_boxes(Path("film.mp4"))]  # doctest: +SKIP
        ['ftyp', 'moov', 'free', 'mdat']
    """
    length, start = path.stat().st_size, 0
    with path.open("rb") as stream:
        for _ in range(MAX_BOXES):
            stream.seek(start)
            header = stream.read(LARGE_HEADER)
            if len(header) < HEADER:
                return
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1 and len(header) == LARGE_HEADER:
                size = int.from_bytes(header[8:], "big")
            elif size == 0:  # to the end of the file
                size = length - start
            if size < HEADER or not kind.isalnum() or (start == 0 and kind != b"ftyp"):
                return
            yield Box(kind.decode("ascii"), start, size)
            start += size


def missing_bytes(path: Path) -> int:
    """Return the number of bytes by which the last box exceeds the file: more than 0 when the file was cut off."""
    end = max((box.start + box.size for box in top_boxes(path)), default=0)
    return max(0, end - path.stat().st_size)
