"""Names of the GRID corpus: one folder per speaker, the file names are the same in all of them."""

from __future__ import annotations

import re
from pathlib import Path

from beavervision.artifacts.names import suggest_name

SPEAKER = re.compile(r"s\d{1,2}")
"""Folder of a speaker: s1 to s34 (Cooke, Barker, Cunningham & Shao, JASA 120(5), 2006)."""


def grid_speaker(video: str | None) -> str | None:
    """Return the speaker of a file: its folder, or the one above it, if that has a speaker's name; otherwise None.

    Example:
        >>> grid_speaker("grid/s1/video/bbaf2n.mpg"), grid_speaker("grid/ten_speakers/bbaf2n.mpg")
        ('s1', None)
    """
    folders = list(Path(video or "").resolve().parents)[:2]
    return next((folder.name for folder in folders if SPEAKER.fullmatch(folder.name)), None)


def grid_clip_name(video: str | None) -> str:
    """Return the name of a file's clip: its speaker, or else its folder, and its name.

    Example:
        >>> grid_clip_name("grid/s1/bbaf2n.mpg"), grid_clip_name("grid/ten_speakers/bbaf2n.mpg")
        ('s1_bbaf2n', 'ten_speakers_bbaf2n')
    """
    path = Path(video or "myvideo").resolve()
    return suggest_name(f"{grid_speaker(str(path)) or path.parent.name}_{path.stem}")
