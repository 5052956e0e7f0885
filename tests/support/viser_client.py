"""A client of viser's WebSocket: what a browser's page gets and sends, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import viser
import zstandard
from websockets.sync.client import connect


class ViserClient:
    """A connection to a viser server.

    Args:
        port: of the server.
        origin: of the page that connects; None for a program.
    """

    def __init__(self, port: int, origin: str | None = None) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{port}",
            origin=origin,
            subprotocols=[f"viser-v{viser.__version__}"],
            max_size=None,
            compression=None,
            open_timeout=60,
        )
        self.messages: list[dict[str, Any]] = []
        """Everything that was received."""

    def __enter__(self) -> ViserClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, kind: str, **fields: Any) -> None:
        self._socket.send(msgspec.msgpack.encode({"type": kind, **fields}))

    def look_from(self, position: tuple[float, float, float], size: tuple[int, int] = (400, 300)) -> None:
        """Tell where the page's camera is; it looks along its own z at the origin's depth, upright."""
        self.send(
            "ViewerCameraMessage", wxyz=(0.0, 1.0, 0.0, 0.0), position=position, fov=0.6, near=0.01, far=1000.0,
            image_height=size[1], image_width=size[0], look_at=(0.0, 0.0, 0.0), up_direction=(0.0, 1.0, 0.0),
        )  # fmt: skip

    def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """Receive until there is a message that is wanted, and return it."""
        end = time.monotonic() + seconds
        while True:
            frame = self._socket.recv(timeout=max(0.01, end - time.monotonic()))
            size = int.from_bytes(frame[8:16], "little")
            told = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(frame[16 : 16 + size]))
            self.messages += told["messages"]
            found = [message for message in told["messages"] if wanted(message)]
            if found:
                return found[0]
