"""The WebSocket door: sound in, frames out, in one connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from beavervision.errors import AudioError, BeaverError
from beavervision.inference.live.async_frames import iterate_in_thread
from beavervision.serving.codec import pack_frame, picture_encoder
from beavervision.serving.film_queue import public_sentence
from beavervision.serving.library import AvatarLibrary
from beavervision.serving.live_sessions import BusyError, LiveSessions, OpenSession
from beavervision.serving.outbox import FrameOutbox
from beavervision.serving.protocol import MAX_AUDIO, ProtocolError, Start, parse_control, parse_start

NORMAL, GOING_AWAY, BAD_MESSAGE, TOO_SLOW, INTERNAL, BUSY = 1000, 1001, 1008, 1013, 1011, 4503
"""Codes with which a connection is closed (RFC 6455, the last one ours)."""
START_S = 10.0
"""Seconds within which the first message has to come."""
STALL_S = 8.0
"""Seconds for which a client may take nothing, and by which its sound may lag; then it is dropped."""
MAX_ERRORS = 10
"""Messages that are not understood before a connection is closed."""


@dataclass(frozen=True)
class SocketLimits:
    """Limits of one connection, seconds."""

    idle_s: float
    session_s: float


async def serve_socket(
    socket: WebSocket, client: str, library: AvatarLibrary, sessions: LiveSessions, limits: SocketLimits
) -> None:
    """Serve a connection that was accepted, until either side ends it."""
    code, reason = NORMAL, ""
    try:
        start = parse_start(await asyncio.wait_for(_text(socket), START_S))
        if start.avatar not in library.folders:
            raise ProtocolError(f"there is no avatar {start.avatar[:80]!r}; ask GET /v1/avatars.")
        load = lambda: library.person(start.avatar).face  # noqa: E731
        async with sessions.open(client, "websocket", load, start.sound_rate) as one:
            code, reason = await _Connection(socket, start, one, sessions, limits).run()
    except (asyncio.TimeoutError, ProtocolError) as error:
        code, reason = BAD_MESSAGE, str(error) or "the first message did not come in time."
    except BusyError as error:
        code, reason = BUSY, str(error)
    except BeaverError as error:
        code, reason = BAD_MESSAGE, public_sentence(error)
    except (WebSocketDisconnect, OSError):
        return
    await _close(socket, code, reason)


class _Connection:
    """One client with an open session."""

    def __init__(
        self, socket: WebSocket, start: Start, one: OpenSession, sessions: LiveSessions, limits: SocketLimits
    ) -> None:
        self._socket, self._start, self._open = socket, start, one
        self._sessions, self._limits, self._sending = sessions, limits, asyncio.Lock()
        self._last_audio = asyncio.get_running_loop().time()
        self._first_heard = 0  # speeches before this one were interrupted
        self._outbox = FrameOutbox()

    async def run(self) -> tuple[int, str]:
        """Exchange messages; return the code and reason with which to close."""
        session = self._open.session
        await self._tell(
            "started",
            session=self._open.id,
            server=self._sessions.server,
            fps=session.fps,
            width=session.face.size[0],
            height=session.face.size[1],
            video=self._start.video,
            sound={"rate": session.sound_rate, "channels": 1, "format": "s16le"},
            latency=session.settings.latency,
        )
        work = self._take_frames(), self._send_frames(), self._receive(), self._watch()
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return self._outcome(next(iter(done)))
        finally:
            session.close()
            self._sessions.metrics.frames.labels("left_out").inc(self._outbox.left_out)
            await _cancelled(tasks)

    def _outcome(self, task: asyncio.Future[tuple[int, str]]) -> tuple[int, str]:
        try:
            return task.result()
        except asyncio.TimeoutError:
            self._open.reason = "slow"
            return TOO_SLOW, f"no frames were taken for {STALL_S:g} seconds."
        except WebSocketDisconnect:
            self._open.reason = "vanished"
            raise
        except BeaverError as error:
            self._open.reason = "error"
            return BAD_MESSAGE, public_sentence(error)
        except (RuntimeError, OSError):  # the connection broke while something was sent
            self._open.reason = "vanished"
            raise WebSocketDisconnect(GOING_AWAY) from None

    async def _take_frames(self) -> tuple[int, str]:
        """Take the session's frames as they come; a client that is late with them gets fewer pictures."""
        session = self._open.session
        async for frame in iterate_in_thread(session):
            self._sessions.count_frame(frame)
            self._outbox.put(frame)
            if len(self._outbox) > STALL_S * session.fps:
                raise asyncio.TimeoutError
        while len(self._outbox):
            await asyncio.sleep(0.01)
        drained = self._open.reason == "drained"
        return (GOING_AWAY, "this server is about to stop.") if drained else (NORMAL, "")

    async def _send_frames(self) -> tuple[int, str]:
        """Encode and send what waits, for ever."""
        face = self._open.session.face
        encoder = picture_encoder(self._start.video, face.size, face.fps)
        while True:
            waiting = await self._outbox.take()
            frame, picture, key = waiting.frame, b"", False
            if waiting.pictured:
                picture, key = await asyncio.to_thread(encoder.encode, frame.image)
            if frame.speech is not None and frame.speech < self._first_heard:
                # On its way here when the speech was interrupted.
                frame = replace(frame, sound=np.zeros_like(frame.sound), speaking=False)
            async with self._sending:
                await asyncio.wait_for(self._socket.send_bytes(pack_frame(frame, picture, key=key)), STALL_S)
            if frame.ended:
                played = round(frame.played, 3)
                told = {"speech": frame.speech, "played": played, "interrupted": frame.interrupted}
                await self._tell("speech_ended", **told, frame=frame.index)

    async def _receive(self) -> tuple[int, str]:
        errors, audio = 0, self._start.audio
        while errors < MAX_ERRORS:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", GOING_AWAY))
            try:
                if (content := message.get("bytes")) is not None:
                    if len(content) > MAX_AUDIO:
                        raise ProtocolError(f"an audio message has {len(content)} bytes; send at most {MAX_AUDIO}.")
                    self._open.session.push(content, audio.rate, audio.channels, audio.format)
                    self._last_audio = asyncio.get_running_loop().time()
                elif await self._control(message.get("text") or ""):
                    return NORMAL, ""
            except (ProtocolError, AudioError) as error:
                errors += 1
                await self._tell("error", error=str(error))
        self._open.reason = "malformed"
        return BAD_MESSAGE, "too many messages were not understood."

    async def _control(self, text: str) -> bool:
        """Do what a text message asks; whether it ends the session."""
        control, session = parse_control(text), self._open.session
        if control.type == "end_speech":
            session.end_speech()
        elif control.type == "interrupt":
            heard = session.interrupt()
            self._first_heard = session.n_speeches
            await self._tell("interrupted", played=round(heard, 3))
        return control.type == "end"

    async def _watch(self) -> tuple[int, str]:
        """End a session that lasts too long, has no sound for too long, or is ended by the server."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while True:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._open.ended.wait(), 1.0)
                return GOING_AWAY, "this server is about to stop."
            if loop.time() - begun > self._limits.session_s:
                self._open.reason = "long"
                return NORMAL, "the session has reached its longest time."
            if loop.time() - self._last_audio > self._limits.idle_s:
                self._open.reason = "idle"
                return NORMAL, "no sound came for too long."

    async def _tell(self, kind: str, **facts: object) -> None:
        async with self._sending:
            await asyncio.wait_for(self._socket.send_text(json.dumps({"type": kind, **facts})), STALL_S)


async def _cancelled(tasks: Sequence[asyncio.Future[tuple[int, str]]]) -> None:
    """End tasks; before Python 3.12, `wait_for` may lose a cancellation, so it is said until they have ended."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _text(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", GOING_AWAY))
    if message.get("text") is None:
        raise ProtocolError("the first message has to be start.")
    return message["text"]


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Tell why, and close; a client that is gone or takes nothing is left."""
    with suppress(WebSocketDisconnect, RuntimeError, OSError, asyncio.TimeoutError):
        if socket.application_state != WebSocketState.CONNECTED:
            return
        if reason:
            kind = "ended" if code in (NORMAL, GOING_AWAY) else "error"
            await asyncio.wait_for(socket.send_text(json.dumps({"type": kind, "error": reason})), 1.0)
        short = reason.encode()[:120].decode(errors="ignore")  # a close frame holds 123 bytes
        await asyncio.wait_for(socket.close(code, short), 1.0)
