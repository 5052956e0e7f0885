"""Paths and names on the command line: quoted for Hydra, with patterns replaced by the matching files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from beavervision.artifacts.names import suggest_name
from beavervision.config.film_list import read_film_jobs
from beavervision.config.grid_corpus import grid_clip_name
from beavervision.errors import ConfigError
from beavervision.overrides import PLAIN, WORDS, quote_value

VIDEO, NAME, SPEECH = "data.video", "data.name", "audio"
FILMS, FILM = "films", "film"
"""List of films, and the key that selects one of its rows."""
KEYS = re.compile(
    r"data\.(video|name|speech|clips|segmenter|neural)|audio|out|background|pose|speech\.\d+|paths\.runs|model\.init|films"
    r"|avatars|serve\.(folder|tokens)|studio\.password|control\.blink|face_model\.folder|audio_features\.checkpoint"
)
"""Keys whose values are paths or names, not Hydra lists or dicts."""
FUNCTION = re.compile(r"(choice|range|interval|glob|sort|shuffle|tag|str)\(.*\)", re.DOTALL)
"""Functions of Hydra's grammar; https://hydra.cc/docs/advanced/override_grammar/extended/."""
NAMED = ("data.name=", "data=")
FILES = "data=files"
"""The option of `data` with a separate name for each video."""
GRID = "data=grid"
"""The option of `data` that also names a clip by its speaker."""


def expand_wildcards(arguments: Sequence[str], *, multirun: bool) -> list[str]:
    """Return the arguments with quoted paths and names; files replace patterns in `data.video=` and `audio=`.

    The name of an existing file is taken literally, with any characters.

    Args:
        arguments: command line without the script.
        multirun: whether several jobs are requested.

    Raises:
        ConfigError: when a pattern matches nothing, several values are given without `-m`, or two files would have the
            same name.
    """
    expanded = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not KEYS.fullmatch(key):
            expanded.append(argument)
        elif key == FILMS and multirun:
            expanded += [f"{key}={_literal(value)}", *_rows(value, arguments)]
        elif key in (VIDEO, SPEECH) and has_magic(value) and not _exists(value) and value[0] not in "'\"":
            files = sorted(path for path in glob(value, recursive=True) if Path(path).is_file())
            names = [(grid_clip_name if GRID in arguments else clip_name)(path) for path in files]
            _check(key, value, files, names, multirun=multirun)
            expanded.append(f"{key}={','.join(map(_quoted_path, files))}")
            if key == VIDEO and len(files) > 1 and not any(other.startswith(NAMED) for other in arguments):
                expanded.append(FILES)
        else:
            expanded.append(f"{key}={_for_hydra(key, value, multirun=multirun)}")
    return expanded


def clip_name(video: str | None) -> str:
    """Return the name of a video's clip.

    Example:
        >>> clip_name("/films/Anna talks (2).mp4")
        'Anna_talks_2'
    """
    return suggest_name(Path(video or "myvideo").stem)


def _for_hydra(key: str, value: str, *, multirun: bool) -> str:
    """A value quoted for Hydra's grammar, so that it is taken literally."""
    if _exists(value):
        return _literal(value)
    if not value or value[0] in "'\"" or "${" in value or "\\" in value or FUNCTION.fullmatch(value):
        return value
    parts = value.split(",")
    if len(parts) > 1 and not multirun and (key == NAME or all(_exists(part) for part in parts)):
        raise ConfigError(f"{key}={value} names several; add -m for a job of each, or choose one.")
    return ",".join(map(_text, parts if multirun else [value]))


def _text(value: str) -> str:
    return value if not value or PLAIN.fullmatch(value) or value.lower() in WORDS else quote_value(value)


def _literal(path: str) -> str:
    """An existing path, escaped for Hydra and OmegaConf, which would resolve `${...}`."""
    return path if PLAIN.fullmatch(path) and path.lower() not in WORDS else _quoted_path(path)


def _quoted_path(path: str) -> str:
    return quote_value(path.replace("${", "\\${"))


def _exists(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except (OSError, ValueError):  # too long for a path
        return False


def _rows(path: str, arguments: Sequence[str]) -> list[str]:
    """One job for each row of a list of films, unless the user chose rows."""
    if any(argument.startswith(f"{FILM}=") for argument in arguments):
        return []
    return [f"{FILM}={','.join(map(str, range(len(read_film_jobs(Path(path))))))}"]


def _check(key: str, pattern: str, files: Sequence[str], names: Sequence[str], *, multirun: bool) -> None:
    if not files:
        raise ConfigError(f"{key}={pattern} matches no file; check the pattern, in quotes.")
    if len(files) > 1 and not multirun:
        raise ConfigError(f"{key}={pattern} matches {len(files)} files; add -m for a job of each.")
    if key == SPEECH:
        _check_films(files)
        return
    common, count = Counter(names).most_common(1)[0]
    if count > 1:
        twins = " and ".join(path for path, name in zip(files, names, strict=True) if name == common)
        raise ConfigError(f"{twins} would both become the clip {common}; give one of them another name first.")


def _check_films(speeches: Sequence[str]) -> None:
    """Refuse speeches whose films would have the same name."""
    name, count = Counter(Path(path).stem for path in speeches).most_common(1)[0]
    if count > 1:
        twins = " and ".join(path for path in speeches if Path(path).stem == name)
        raise ConfigError(f"{twins} would both become the film {name}; give one of them another name first.")
