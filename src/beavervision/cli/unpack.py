"""`beavervision unpack FILE`: an avatar that somebody packed, as a folder of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError
from beavervision.overrides import person_arguments
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error

TORSO = "radnerf_torso"
"""Without it nothing can be shown but the footage with another mouth."""


def main(arguments: Sequence[str]) -> int:
    """Unpack an archive.

    Returns:
        0; 2 when it is no archive or is damaged, or the person exists already.
    """
    asked = _parser().parse_args(arguments)
    from beavervision.artifacts.archive import unpack

    try:
        folder = unpack(asked.file, asked.runs, asked.name)
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    stages = ", ".join(sorted(path.name for path in folder.iterdir()))
    print(f"{folder}: {stages}")
    if (folder / TORSO).is_dir():
        print(f"next: beavervision infer {person_arguments(folder.name, asked.runs)} audio=speech.wav mode=avatar")
    else:
        print(f"a dub needs the clip and the footage besides: ask for them, and copy the clip to {folder / 'clip'}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="beavervision unpack",
        description="Unpack an avatar archive (.bva) to <runs>/<name>; every file is checked, nothing is overwritten.",
    )
    parser.add_argument("file", type=Path, help="such as anna.bva")
    parser.add_argument("--name", help="of the person; by default the one in the archive")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of all runs (%(default)s)")
    return parser
