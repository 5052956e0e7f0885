"""`beavervision view runs/me`: a page with the prepared clip over time and the trained head from any side."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.errors import BeaverError, ClipError
from beavervision.workflows.error_reporting import EXIT_USER_ERROR, print_error

PORT = 8610
EPILOG = """The page is for this machine alone. To look from another one, tunnel the port:
  ssh -L 8610:127.0.0.1:8610 <machine>
docs/guides/view.md says what it shows."""


def main(arguments: Sequence[str]) -> int:
    """Serve the page until Ctrl-C.

    Returns:
        0; 2 when there is no clip, viser is not installed, or the port is taken.
    """
    asked = _parser().parse_args(arguments)
    try:
        server, page = open_page(asked.folder, asked.subject, asked.port, with_head=asked.head)
    except BeaverError as error:
        print_error(error)
        return EXIT_USER_ERROR
    print(f"view: http://{server.get_host()}:{server.get_port()}/ (Ctrl-C ends)", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    finally:
        page.close()
        server.stop()


def open_page(folder: Path, subject: int, port: int, *, with_head: bool = True):  # noqa: ANN201  viser is optional
    """Start a server with the page of a person.

    Args:
        folder: of the person, `runs/me`; its clip's folder will do.
        subject: number of the person in the clip.
        port: to listen on; 0 takes a free one.
        with_head: whether the newest trained head is shown.

    Returns:
        The running `viser.ViserServer`, and the page.

    Raises:
        BeaverError: when there is no clip, viser is not installed, or the port is taken.
    """
    from beavervision.artifacts.clip import Clip
    from beavervision.overrides import person_arguments
    from beavervision.viewer.head_field import HeadField
    from beavervision.viewer.local_server import start_server
    from beavervision.viewer.page import ViewerPage
    from beavervision.workflows.upstream import BundleQuery, newest_bundle

    folder = folder.parent if folder.name == "clip" else folder
    if not (folder / "clip").is_dir():
        raise ClipError(f"{folder} holds no prepared clip; name the folder of a person, such as runs/me.")
    clip = Clip.load(folder / "clip")
    clip.subject(subject)
    head = (
        newest_bundle("radnerf_head", BundleQuery(folder.parent, folder.name, subject=subject)) if with_head else None
    )
    field = None if head is None else HeadField.load(head, clip, subject)
    command = f"python train.py model=radnerf_head {person_arguments(folder.name, folder.parent)}"
    server = start_server(port, f"beavervision view: {clip.name}")
    return server, ViewerPage(server, clip, subject, field, command)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="beavervision view",
        description="Look at a prepared clip over time, and at the trained head from any side, in the browser.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="folder of a person, such as runs/me")
    parser.add_argument("--subject", type=int, default=0, help="number of the person in the clip (0)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port of the page ({PORT}); 0 takes a free one")
    parser.add_argument("--no-head", dest="head", action="store_false", help="leave the trained head out")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
