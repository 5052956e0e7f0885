"""Frames that wait for a client: late ones lose their pictures, never their sound."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from beavervision.inference.live.frame import LiveFrame

PICTURES = 3
"""Frames that may wait with their pictures; older ones are sent without."""


@dataclass(frozen=True)
class WaitingFrame:
    """A frame that is to be sent."""

    frame: LiveFrame
    pictured: bool
    """Whether its picture is sent; otherwise the picture before stays."""


class FrameOutbox:
    """First in, first out, between a session and a client's connection; memory is bounded by the sound alone.

    A client that reads late gets what live video gives: newer pictures instead of all pictures. Of the frames that wait
    longer than `pictures` frames, speech keeps its sound and silence is left out.

    Args:
        pictures: frames that may wait with their pictures.

    Example:
        outbox = FrameOutbox()
        outbox.put(frame)  # for every frame of the session
        waiting = await outbox.take()
    """

    def __init__(self, pictures: int = PICTURES) -> None:
        self._pictures = pictures
        self._waiting: deque[WaitingFrame] = deque()
        self._late: deque[WaitingFrame] = deque()
        self._ready = asyncio.Event()
        self.left_out = 0
        """Pictures that were not sent, because the client took too long."""

    def __len__(self) -> int:
        return len(self._late) + len(self._waiting)

    def put(self, frame: LiveFrame) -> None:
        """Append a frame."""
        self._waiting.append(WaitingFrame(frame, frame.fresh or frame.index == 0))
        if len(self._waiting) > self._pictures:
            self._strip(self._waiting.popleft())
        self._ready.set()

    async def take(self) -> WaitingFrame:
        """Remove and return the oldest frame; waits for one."""
        while not len(self):
            self._ready.clear()
            await self._ready.wait()
        return self._late.popleft() if self._late else self._waiting.popleft()

    def _strip(self, late: WaitingFrame) -> None:
        """Keep what may not be lost of a frame that waited for long; its picture is replaced by the next one's."""
        if late.pictured:
            following = self._waiting[0]
            # Where the next frame repeats this picture, it is sent with that one.
            self.left_out += following.pictured
            self._waiting[0] = WaitingFrame(following.frame, pictured=True)
        if late.frame.speaking or late.frame.ended or late.frame.index == 0:
            self._late.append(WaitingFrame(late.frame.without_picture(), pictured=False))
