"""`beavervision token NAME FILE`: makes a token for a client of the server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error


def main(arguments: Sequence[str]) -> int:
    """Add a token to a file and print it, once.

    Returns:
        0; 2 when the name or the file is invalid.
    """
    parser = ArgumentParser(prog="beavervision token", description="Make a token for a client of beavervision serve.")
    parser.add_argument("name", help="name of the client; an older token of this name becomes invalid")
    parser.add_argument("file", type=Path, nargs="?", default=Path("tokens.yaml"), help="file for serve.tokens=")
    asked = parser.parse_args(arguments)
    from beavervision.serving.tokens import add_token

    try:
        token = add_token(asked.file, asked.name)
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    print(token)
    print(f"{asked.file} keeps only its hash: give the token to {asked.name} now.", file=sys.stderr)
    return 0
