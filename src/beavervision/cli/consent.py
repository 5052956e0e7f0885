"""`beavervision consent FILE`: write a consent record to fill in, or check one that is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error


def main(arguments: Sequence[str]) -> int:
    """Write a template, or check the record.

    Returns:
        0; 2 when the record is not valid, or the place cannot be written to.
    """
    path = _parser().parse_args(arguments).file
    from beavervision.provenance.consent import read_consent, write_template

    try:
        if path.exists():
            consent = read_consent(path)
            print(f"{path} is valid: {consent.summary}; sha256 {consent.sha256}, as films carry it")
        else:
            write_template(path, date.today())
            print(f"{path} is written; fill it in, then: beavervision prepare ... data.consent={path}")
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="beavervision consent",
        description="Write a consent record to fill in; check the one that is there.",
    )
    parser.add_argument("file", type=Path, help="such as consent.yaml")
    return parser
