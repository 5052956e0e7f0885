"""Mutations of files: of any bytes, and of the boxes of mp4 and mov files."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from random import Random

Mutation = Callable[[bytes, Random], bytes]

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"moof", b"traf", b"dinf")
"""Boxes that hold boxes."""
ABSURD = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE)
HEADS = {b"mvhd": (12, 16), b"mdhd": (12, 16), b"tkhd": (20, 76, 80)}
"""Box -> offsets of its time scale, duration, width and height, from the end of the box's header (version 0)."""
LISTS = (b"stts", b"stsz", b"stco", b"stsc", b"ctts", b"elst", b"stss")
"""Boxes with a number of entries and a table."""


def flip_bits(content: bytes, random: Random) -> bytes:
    """Flip 1 to 64 bits."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 64)):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def flip_head_bits(content: bytes, random: Random) -> bytes:
    """Flip 1 to 16 bits of the first 512 bytes, which most formats read first."""
    end = min(512, len(content))
    return flip_bits(content[:end], random) + content[end:]


def cut(content: bytes, random: Random) -> bytes:
    """Cut off the end."""
    return content[: random.randrange(len(content))]


def cut_begin(content: bytes, random: Random) -> bytes:
    """Cut off the beginning."""
    return content[random.randrange(1, len(content)) :]


def zero(content: bytes, random: Random) -> bytes:
    """Overwrite a part with zeros, as a broken download does."""
    return _overwrite(content, random, bytes)


def noise(content: bytes, random: Random) -> bytes:
    """Overwrite a part with random bytes."""
    return _overwrite(content, random, random.randbytes)


def double(content: bytes, random: Random) -> bytes:
    """Insert a part a second time."""
    start, stop = sorted((random.randrange(len(content)), random.randrange(len(content))))
    return content[:stop] + content[start:stop] + content[stop:]


def append(content: bytes, random: Random) -> bytes:
    """Append the file to itself, or random bytes."""
    return content + (content if random.random() < 0.5 else random.randbytes(random.randint(1, 5000)))


BYTES: tuple[Mutation, ...] = (flip_bits, flip_head_bits, cut, cut_begin, zero, noise, double, append)


def lie_about_size(content: bytes, random: Random) -> bytes:
    """Give a box another size."""
    start, _, _ = random.choice(list(boxes(content)))
    return _patched(content, start, random.choice((*ABSURD, random.randrange(1, 5000))))


def rename(content: bytes, random: Random) -> bytes:
    """Give a box the type of another."""
    found = list(boxes(content))
    start, other = random.choice(found)[0], random.choice(found)[2]
    return content[: start + 4] + other + content[start + 8 :]


def drop_box(content: bytes, random: Random) -> bytes:
    """Remove a box; the sizes of those round it are corrected."""
    return _replaced(content, random, lambda box: b"")


def double_box(content: bytes, random: Random) -> bytes:
    """Insert a box a second time, such as a track."""
    return _replaced(content, random, lambda box: box + box)


def swap_boxes(content: bytes, random: Random) -> bytes:
    """Exchange two boxes at the top level."""
    top = [(start, size) for start, size, _ in boxes(content, deep=False)]
    i, j = random.randrange(len(top)), random.randrange(len(top))
    parts = [content[start : start + size] for start, size in top]
    parts[i], parts[j] = parts[j], parts[i]
    return b"".join(parts)


def absurd_head(content: bytes, random: Random) -> bytes:
    """Give a track or the film an absurd time scale, duration or size."""
    found = [(start, kind) for start, _, kind in boxes(content) if kind in HEADS]
    if not found:
        return flip_bits(content, random)
    start, kind = random.choice(found)
    return _patched(content, start + 8 + random.choice(HEADS[kind]), random.choice(ABSURD))


def absurd_table(content: bytes, random: Random) -> bytes:
    """Give an index an absurd number of entries, or an absurd entry."""
    found = [(start, size) for start, size, kind in boxes(content) if kind in LISTS]
    if not found:
        return flip_bits(content, random)
    start, size = random.choice(found)
    place = random.choice((12, *range(16, max(17, size - 3), 4)))
    return _patched(content, start + place, random.choice(ABSURD))


def absurd_sample(content: bytes, random: Random) -> bytes:
    """Change the description of a track's samples: codec, width, height, channels, rate, codec data."""
    found = [(start, size) for start, size, kind in boxes(content) if kind == b"stsd"]
    if not found:
        return flip_bits(content, random)
    start, size = random.choice(found)
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        changed[start + random.randrange(12, size)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(changed)


BOXES: tuple[Mutation, ...] = (
    *(lie_about_size, rename, drop_box, double_box, swap_boxes),
    *(absurd_head, absurd_table, absurd_sample),
)


def boxes(content: bytes, start: int = 0, stop: int | None = None, *, deep: bool = True) -> Iterator[tuple]:
    """Yield (start, size, type) of the boxes in a span, with those inside."""
    stop = len(content) if stop is None else stop
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", content, start)
        if size < 8 or start + size > stop:
            return
        yield start, size, kind
        if deep and kind in CONTAINERS:
            yield from boxes(content, start + 8, start + size)
        start += size


def _replaced(content: bytes, random: Random, change: Callable[[bytes], bytes]) -> bytes:
    """Change one box; the sizes of those round it follow."""
    found = list(boxes(content))
    start, size, _ = random.choice(found)
    new = change(content[start : start + size])
    changed = bytearray(content)
    for outer, outer_size, _ in found:
        if outer < start and start + size <= outer + outer_size:
            struct.pack_into(">I", changed, outer, outer_size + len(new) - size)
    changed[start : start + size] = new
    return bytes(changed)


def _patched(content: bytes, place: int, value: int) -> bytes:
    changed = bytearray(content)
    if place + 4 <= len(changed):
        struct.pack_into(">I", changed, place, value)
    return bytes(changed)


def _overwrite(content: bytes, random: Random, make: Callable[[int], bytes]) -> bytes:
    start = random.randrange(len(content))
    length = min(len(content) - start, random.randint(1, 4000))
    return content[:start] + make(length) + content[start + length :]
