"""Several videos by one pattern: `data.video='footage/*.mp4'` on the command line, one job each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from beavervision.errors import BeaverError
from beavervision.overrides import quoted

KEY = "data.video="
NAMED = ("data.name=", "data=")
FILES = "data=files"
"""The option of `data` under which each video has a name of its own."""


def expand(arguments: Sequence[str], *, multirun: bool) -> list[str]:
    """Return the arguments with a pattern in `data.video=` replaced by the files that it matches.

    Args:
        arguments: the command line, without the script.
        multirun: whether several jobs were asked for.

    Raises:
        BeaverError: when nothing matches, several match without `-m`, or two files would share a name.
    """
    expanded = []
    for argument in arguments:
        pattern = argument.removeprefix(KEY)
        if pattern == argument or not has_magic(pattern) or Path(pattern).exists():
            expanded.append(argument)
            continue
        files = sorted(path for path in glob(pattern, recursive=True) if Path(path).is_file())
        _check(pattern, files, multirun=multirun)
        expanded.append(KEY + ",".join(quoted(path) for path in files))
        if len(files) > 1 and not any(other.startswith(NAMED) for other in arguments):
            expanded.append(FILES)
    return expanded


def stem(video: str | None) -> str:
    """Return the name that a video gives its clip.

    Example:
        >>> stem("/films/Anna talks (2).mp4")
        'Anna_talks_2'
    """
    name = re.sub(r"[^\w.-]+", "_", Path(video or "myvideo").stem).strip("_.")
    return name or "video"


def _check(pattern: str, files: Sequence[str], *, multirun: bool) -> None:
    if not files:
        raise BeaverError(f"{KEY}{pattern} matches no file; check the pattern, in quotes.")
    if len(files) > 1 and not multirun:
        raise BeaverError(f"{KEY}{pattern} matches {len(files)} files; add -m to prepare each of them.")
    name, count = Counter(stem(path) for path in files).most_common(1)[0]
    if count > 1:
        twins = " and ".join(path for path in files if stem(path) == name)
        raise BeaverError(f"{twins} would both become the clip {name}; give one of them another name first.")
