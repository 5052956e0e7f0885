"""Feeds a live session from an iterable of sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from threading import Event, Thread

import numpy as np
from jaxtyping import Float

from beavervision.api.video import Frame
from beavervision.inference.live.clock import Clock, SystemClock
from beavervision.inference.streaming_session import StreamingSession

RESERVE_S = 10.0
"""Seconds of sound that may wait in the session before more is taken from the source."""


def stream_frames(
    session: StreamingSession, chunks: Iterable[np.ndarray | bytes], sample_rate: int, channels: int
) -> Iterator[tuple[Frame, Float[np.ndarray, "n"]]]:
    """Yield a session's frames with their sound until the chunks are over and have been heard.

    Raises:
        Exception: that taking or pushing a chunk raised.
    """
    feeder = _Feeder(session, chunks, sample_rate, channels)
    feeder.start()
    try:
        with closing(iter(session)) as frames:  # pyright: ignore[reportArgumentType]  # a generator
            for one in frames:
                if feeder.failure is not None:
                    raise feeder.failure
                yield Frame(one.image, one.time, one.sound, one.sample_rate), one.sound
                if feeder.done.is_set() and session.idle:
                    return
    finally:
        feeder.stop.set()
        session.close()


class _Feeder(Thread):
    """Takes chunks as they come and pushes them, no more than RESERVE_S ahead of what is heard."""

    def __init__(
        self, session: StreamingSession, chunks: Iterable[np.ndarray | bytes], sample_rate: int, channels: int
    ) -> None:
        super().__init__(daemon=True, name="live-feeder")
        self._session, self._chunks, self._format = session, chunks, (sample_rate, channels)
        self._clock: Clock = SystemClock()
        self.done, self.stop = Event(), Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for chunk in self._chunks:
                while self._session.queued > RESERVE_S and not self.stop.is_set():
                    self._clock.sleep_until(self._clock.now() + 0.1)
                if self.stop.is_set():
                    return
                self._session.push(chunk, *self._format)
            self._session.end_speech()
            self.done.set()
        except BaseException as error:  # raised where the frames are taken
            self.failure = error
