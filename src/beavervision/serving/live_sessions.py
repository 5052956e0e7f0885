"""The live sessions of a server: no more than allowed, counted, and ended together."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from beavervision.errors import BeaverError
from beavervision.inference.live.face import LiveFace
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession
from beavervision.serving.metrics import ServerMetrics


class BusyError(BeaverError):
    """All sessions are taken, or the server is about to stop."""


@dataclass
class OpenSession:
    """A session that is open."""

    id: str
    session: StreamingSession
    client: str
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server ends it."""
    reason: str = "client"


@dataclass
class LiveSessions:
    """Opens sessions.

    Args:
        most: sessions at a time.
        settings: of sessions.
        metrics: counts them.
    """

    most: int
    settings: LiveSettings
    metrics: ServerMetrics
    server: str = ""
    """Name of the server."""
    draining: bool = False
    _open: dict[str, OpenSession] = field(default_factory=dict)
    _reserved: int = 0

    def __len__(self) -> int:
        return len(self._open) + self._reserved

    @asynccontextmanager
    async def open(
        self, client: str, door: str, load: Callable[[], LiveFace], sound_rate: int | None = None
    ) -> AsyncIterator[OpenSession]:
        """Open a session for as long as the block lasts.

        Args:
            client: whose.
            door: `websocket` or `webrtc`, for the metrics.
            load: loads the face; may take a while, so it runs in a thread.
            sound_rate: of the sound that leaves; None for that of the settings.

        Raises:
            BusyError: when there are too many.
        """
        if self.draining:
            raise BusyError("This server is about to stop; open the session again in a moment.")
        if len(self) >= self.most:
            raise BusyError(f"All {self.most} sessions are taken; try again later.")
        self._reserved += 1
        try:
            settings = replace(self.settings, sound_rate=sound_rate or self.settings.sound_rate)
            session = await asyncio.to_thread(lambda: StreamingSession(load(), settings))
            one = OpenSession(secrets.token_hex(16), session, client)
            self._open[one.id] = one
        finally:
            self._reserved -= 1
        self.metrics.opened.labels(door).inc()
        self.metrics.sessions.labels(door).inc()
        try:
            yield one
        finally:
            session.close()
            self._open.pop(one.id, None)
            self.metrics.sessions.labels(door).dec()
            self.metrics.ended.labels(one.reason).inc()
            self.metrics.stalls.inc(session.stalls)

    def find(self, client: str, name: str) -> OpenSession | None:
        """A client's session; None where there is none of this id."""
        one = self._open.get(name)
        return one if one is not None and one.client == client else None

    def count_frame(self, frame: LiveFrame) -> None:
        """Count a frame that leaves."""
        self.metrics.frames.labels("fresh" if frame.fresh else "repeated").inc()

    async def drain(self, seconds: float) -> None:
        """Take no new sessions, wait for the open ones, and end what is left after some seconds."""
        self.draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while len(self) and loop.time() < end:
            await asyncio.sleep(0.05)
        for one in list(self._open.values()):
            one.reason = "drained"
            one.ended.set()
            one.session.close()
        while len(self) and loop.time() < end + 2:
            await asyncio.sleep(0.05)
