"""`beavervision verify FILE`: who made a film, how, from what, with whose consent, and whether all of it holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error

EXIT_DOES_NOT_HOLD = 1

EPILOG = """exit status:
  0 signature and bytes hold   1 they do not, or there are no credentials   2 the file cannot be read

Without --trust, a signature by this machine's own key is told as such. docs/provenance.md says more."""


def main(arguments: Sequence[str]) -> int:
    """Verify a file and print what was found.

    Returns:
        0 when signature and bytes hold; 1 when they do not or there are none; 2 when the file cannot be read.
    """
    asked = _parser().parse_args(arguments)
    from beavervision.compositing.watermark import PUBLIC_KEY
    from beavervision.provenance.verification import verify
    from beavervision.provenance.verification_text import as_json, as_lines

    try:
        found = verify(
            asked.file,
            asked.trust,
            asked.sidecar,
            watermark_key=asked.watermark_key or PUBLIC_KEY,
            watermark=asked.watermark or asked.watermark_key is not None,
        )
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    if asked.json:
        print(json.dumps(as_json(found), indent=2))
    else:
        print(*as_lines(found), sep="\n")
    sys.stdout.flush()
    return 0 if found.holds else EXIT_DOES_NOT_HOLD


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="beavervision verify",
        description="Read the content credentials (C2PA) of a film, anybody's, and check them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="a film, a picture, or a folder of pictures with its .c2pa file beside")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="root certificates that must stand behind it")
    parser.add_argument("--sidecar", type=Path, metavar="C2PA", help="its credentials, when they lie somewhere else")
    parser.add_argument("--watermark", action="store_true", help="search for the invisible mark in signed films, too")
    parser.add_argument("--watermark-key", metavar="TEXT", help="key of the mark (provenance.watermark_key of infer)")
    return parser
