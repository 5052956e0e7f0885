"""The part of a film that does not depend on its signature."""

from __future__ import annotations

from pathlib import Path

from beavervision.video.boxes import top_boxes


def media_bytes(film: Path) -> bytes:
    """Pictures and sound of an mp4 or mov as they are coded.

    A signature holds the time and random numbers, and its length moves what comes behind it: the index (`moov`) counts
    from the file's beginning. Both are left out; the sizes of all samples are decided by the bytes that are compared.
    """
    content = film.read_bytes()
    found = [content[box.start : box.start + box.size] for box in top_boxes(film) if box.kind == "mdat"]
    assert found, film
    return b"".join(found)
