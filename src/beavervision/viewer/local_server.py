"""The page's server: viser on this machine's loopback address, for pages of its own alone."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from typing import Any

from beavervision.errors import ConfigError, DependencyError

HOST = "127.0.0.1"
"""The page shows a person's footage, so it is never offered to the network: to look from elsewhere, tunnel the port."""


def start_server(port: int, title: str) -> Any:
    """Start viser.

    Other web pages of the same browser could connect to a port of this machine; the server refuses them by their
    `Origin`, and opens no tunnel to the outside.

    Args:
        port: to listen on; 0 takes a free one.
        title: of the page's panel.

    Raises:
        ConfigError: when the port is taken.
        DependencyError: when viser is not installed.
    """
    try:
        import viser
    except ImportError:
        raise DependencyError("view needs viser, which is not installed; pip install 'beavervision[view]'.") from None
    port = _free_port(port)
    # viser prints a box with addresses, even where it is told to be quiet.
    with _own_pages_only(port), redirect_stdout(io.StringIO()):
        server = viser.ViserServer(host=HOST, port=port, label=title, verbose=False)
    if server.get_port() != port:
        server.stop()
        raise ConfigError(f"port {port} is taken; choose another with --port.")
    server.request_share_url = lambda verbose=True: None
    return server


def _free_port(port: int) -> int:
    """The port, or a free one for 0."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except (OSError, OverflowError):
            raise ConfigError(f"port {port} is taken or no port; choose another with --port.") from None
        return trial.getsockname()[1]


@contextmanager
def _own_pages_only(port: int) -> Iterator[None]:
    """Have websockets check the `Origin` of who connects, which viser does not; None are programs, not pages."""
    from websockets.asyncio import server
    from websockets.typing import Origin

    origins = [Origin(f"http://{host}:{port}") for host in (HOST, "localhost")]
    serve = server.serve
    server.serve = partial(serve, origins=[*origins, None])
    try:
        yield
    finally:
        server.serve = serve
