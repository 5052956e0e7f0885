"""The WebRTC door: an offer is answered (WHIP, RFC 9725), the client's voice goes in, sound and picture come out."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from beavervision.errors import AudioError, BeaverError
from beavervision.inference.live.async_frames import iterate_in_thread
from beavervision.inference.live.face import LiveFace
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.streaming_session import StreamingSession
from beavervision.serving.live_sessions import LiveSessions, OpenSession
from beavervision.serving.protocol import ProtocolError, parse_control

PACKET_S = 0.02
"""Seconds of a packet of sound: what Opus takes."""
VIDEO_CLOCK = 90_000
CONNECT_S = 30.0
"""Seconds within which a client has to connect."""
WAITING = 50
"""Frames that may wait in a track whose client takes none; older ones are dropped."""
MAX_OFFER = 64 << 10
"""Longest offer, bytes."""


class FrameTrack(MediaStreamTrack):
    """The picture; its times are the session's, so the client plays it in step with the sound."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._frames: deque[LiveFrame] = deque(maxlen=WAITING)
        self._ready = asyncio.Event()

    def put(self, frame: LiveFrame) -> None:
        """Append a frame; repeated pictures are left out."""
        if frame.fresh:
            self._frames.append(frame)
            self._ready.set()

    async def recv(self) -> av.VideoFrame:
        """The next frame; called by aiortc."""
        while not self._frames:
            if self.readyState != "live":
                raise MediaStreamError
            self._ready.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ready.wait(), 0.5)
        frame = self._frames.popleft()
        height, width = (n // 2 * 2 for n in frame.image.shape[:2])
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), format="rgb24")
        picture.pts, picture.time_base = round(frame.time * VIDEO_CLOCK), Fraction(1, VIDEO_CLOCK)
        return picture


class SoundTrack(MediaStreamTrack):
    """The sound in packets of 20 ms."""

    kind = "audio"

    def __init__(self, rate: int) -> None:
        super().__init__()
        self._rate, self._size = rate, round(rate * PACKET_S)
        self._packets: deque[np.ndarray] = deque()
        self._rest, self._count = np.zeros(0, np.int16), 0
        self._ready = asyncio.Event()

    def put(self, frame: LiveFrame) -> None:
        """Append the sound of a frame."""
        samples = np.rint(frame.sound * 32767).astype(np.int16)
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._size:
            self._packets.append(self._rest[: self._size])
            self._rest = self._rest[self._size :]
        while len(self._packets) > 2 * WAITING:  # nobody takes them
            self._packets.popleft()
            self._count += self._size
        self._ready.set()

    async def recv(self) -> av.AudioFrame:
        """The next packet; called by aiortc."""
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._ready.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ready.wait(), 0.5)
        packet = av.AudioFrame.from_ndarray(self._packets.popleft()[None], format="s16", layout="mono")
        packet.sample_rate, packet.pts, packet.time_base = self._rate, self._count, Fraction(1, self._rate)
        self._count += self._size
        return packet


@dataclass
class WebRtcDoor:
    """Connections of a server.

    Args:
        sessions: opens sessions.
        ice_servers: URLs of STUN and TURN servers; none for a local network.
        idle_s: seconds without sound after which a session is ended.
        session_s: longest session, seconds.
    """

    sessions: LiveSessions
    ice_servers: list[str]
    idle_s: float
    session_s: float
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, client: str, offer: str, load: Callable[[], LiveFace]) -> tuple[str, str]:
        """Open a session for an offer; return its id and the answer (SDP).

        Raises:
            ProtocolError: when the offer cannot be understood.
            BeaverError: when no session can be opened.
        """
        stack = AsyncExitStack()
        try:
            one = await stack.enter_async_context(self.sessions.open(client, "webrtc", load))
            peer = _Peer(one, self.sessions, self.ice_servers, self.idle_s, self.session_s)
            stack.push_async_callback(peer.close)
            answer = await peer.negotiate(offer)
        except BaseException:
            await stack.aclose()
            raise
        task = asyncio.create_task(self._serve(peer, stack))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return one.id, answer

    async def _serve(self, peer: _Peer, stack: AsyncExitStack) -> None:
        async with stack:
            await peer.run()


class _Peer:
    """One client's connection."""

    def __init__(
        self, one: OpenSession, sessions: LiveSessions, ice_servers: list[str], idle_s: float, session_s: float
    ) -> None:
        servers = [RTCIceServer(urls=[url]) for url in ice_servers]
        # Without a configuration aiortc would ask a public STUN server.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._open, self._sessions, self._idle_s, self._session_s = one, sessions, idle_s, session_s
        self._video, self._sound = FrameTrack(), SoundTrack(one.session.sound_rate)
        self._connected, self._channel = asyncio.Event(), None
        self._loop = asyncio.get_running_loop()
        self._last_audio = self._loop.time()
        self._listener: asyncio.Task[None] | None = None
        self._connection.on("connectionstatechange", self._state_changed)
        self._connection.on("track", self._track_came)
        self._connection.on("datachannel", self._channel_came)

    async def negotiate(self, offer: str) -> str:
        """Answer an offer.

        Raises:
            ProtocolError: when it cannot be understood.
        """
        connection = self._connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            kinds = {transceiver.kind for transceiver in connection.getTransceivers()}
            if not kinds:
                raise ProtocolError("the offer asks for neither picture nor sound.")
            if "video" in kinds:
                connection.addTrack(self._video)
            if "audio" in kinds:
                connection.addTrack(self._sound)
            await connection.setLocalDescription(await connection.createAnswer())
        except ProtocolError:
            raise
        except Exception as error:  # aiortc raises anything for a malformed offer
            raise ProtocolError("the offer is not understood; send SDP as application/sdp.") from error
        return connection.localDescription.sdp

    async def run(self) -> None:
        """Send frames until the client is gone or the session ends."""
        try:
            await asyncio.wait_for(self._connected.wait(), CONNECT_S)
            begun = self._loop.time()
            async for frame in iterate_in_thread(self._open.session):
                self._sessions.count_frame(frame)
                self._video.put(frame)
                self._sound.put(frame)
                if frame.ended:
                    self._tell("speech_ended", speech=frame.speech, played=round(frame.played, 3))
                now = self._loop.time()
                if self._connection.connectionState in ("failed", "closed"):
                    self._open.reason = "vanished"
                    return
                if now - begun > self._session_s or now - self._last_audio > self._idle_s:
                    self._open.reason = "idle"
                    return
        except asyncio.TimeoutError:
            self._open.reason = "vanished"
        except BeaverError:
            self._open.reason = "error"

    async def close(self) -> None:
        """End the connection."""
        if self._listener is not None:
            self._listener.cancel()
        self._video.stop()
        self._sound.stop()
        await self._connection.close()

    def _state_changed(self) -> None:
        if self._connection.connectionState == "connected":
            self._connected.set()
        elif self._connection.connectionState in ("failed", "closed"):
            self._connected.set()
            self._open.session.close()

    def _track_came(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._listener is None:
            self._listener = asyncio.ensure_future(self._listen(track, self._open.session))

    async def _listen(self, track: MediaStreamTrack, session: StreamingSession) -> None:
        """Push the client's voice as it comes."""
        with suppress(MediaStreamError):
            while True:
                packet = await track.recv()
                assert isinstance(packet, av.AudioFrame)
                self._last_audio = self._loop.time()
                with suppress(AudioError):  # more than may wait: it is left out
                    session.push(_samples(packet), packet.sample_rate)

    def _channel_came(self, channel: object) -> None:
        """A data channel takes the messages of the WebSocket: end_speech, interrupt and end."""
        self._channel = channel
        channel.on("message", self._message_came)  # pyright: ignore[reportAttributeAccessIssue]  # untyped in aiortc

    def _message_came(self, text: object) -> None:
        session = self._open.session
        try:
            if isinstance(text, bytes):
                session.push(text, 16_000)
                self._last_audio = self._loop.time()
                return
            control = parse_control(str(text))
        except BeaverError as error:
            self._tell("error", error=str(error))
            return
        if control.type == "end_speech":
            session.end_speech()
        elif control.type == "interrupt":
            self._tell("interrupted", played=round(session.interrupt(), 3))
        else:
            session.close()

    def _tell(self, kind: str, **facts: object) -> None:
        channel = self._channel
        if channel is not None and getattr(channel, "readyState", "") == "open":
            channel.send(json.dumps({"type": kind, **facts}))  # pyright: ignore[reportAttributeAccessIssue]


def _samples(packet: av.AudioFrame) -> np.ndarray:
    """Samples of a packet, [N, channels]."""
    values, channels = packet.to_ndarray(), len(packet.layout.channels)
    return values.reshape(-1, channels) if not packet.format.is_planar else values.T
