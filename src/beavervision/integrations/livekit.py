"""LiveKit Agents: an avatar that speaks what an agent says.

Needs the extra `[livekit]`. An agent needs three lines:

    from beavervision.integrations.livekit import AvatarSession
    avatar = AvatarSession("runs/me")
    await avatar.start(session, room=ctx.room)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import (
    AudioReceiver,
    AudioSegmentEnd,
    AvatarOptions,
    AvatarRunner,
    DataStreamAudioReceiver,
    QueueAudioOutput,
    VideoGenerator,
)

from beavervision.api import Avatar
from beavervision.inference.live.face import LiveFace
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession

RESERVE_S = 10.0
"""Seconds of speech that may wait in the session; more is taken from the agent later."""
SOUND_RATE = 24_000
"""Samples per second of the sound that is published."""


class SessionVideoGenerator(VideoGenerator):
    """A live session as LiveKit's avatar worker wants it: sound in, pictures with their sound out.

    Only speech comes out as sound, so that the worker's playback position counts speech and nothing else.

    Args:
        session: speaks.
    """

    def __init__(self, session: StreamingSession) -> None:
        self.session = session
        width, height = session.face.size
        self.options = AvatarOptions(width, height, session.fps, session.sound_rate, 1)
        """What the worker publishes."""
        self._speech: int | None = None
        self._played = 0.0
        self._first_heard = 0  # speeches before this one were interrupted

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Append speech of any rate, or end it; waits while much of it is not heard yet."""
        if isinstance(frame, AudioSegmentEnd):
            self.session.end_speech()
            return
        while self.session.queued > RESERVE_S:
            await asyncio.sleep(0.05)
        samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
        self.session.push(samples, frame.sample_rate)

    def clear_buffer(self) -> None:
        """Stop speaking at once; what is already on its way here is left out."""
        self.session.interrupt()
        self._first_heard = self.session.n_speeches

    async def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        """Yield pictures, the sound of speech, and the ends of speeches that were not interrupted."""
        async for frame in self.session:
            yield video_frame(frame)
            sound = self._spoken(frame)
            if len(sound):
                yield audio_frame(sound, frame.sample_rate)
            if frame.ended and not frame.interrupted and (frame.speech or 0) >= self._first_heard:
                yield AudioSegmentEnd()

    def _spoken(self, frame: LiveFrame) -> np.ndarray:
        """The frame's sound without the silence before a speech's first sample and after its last one."""
        if not frame.speaking or frame.speech is None or frame.speech < self._first_heard:
            return frame.sound[:0]
        first = frame.speech != self._speech
        count = round((frame.played - (0.0 if first else self._played)) * frame.sample_rate)
        self._speech, self._played = frame.speech, frame.played
        count = max(0, min(count, len(frame.sound)))
        return frame.sound[len(frame.sound) - count :] if first else frame.sound[:count]

    async def aclose(self) -> None:
        """End the session."""
        self.session.close()


class AvatarSession:
    """Gives an agent a face: what it says is spoken by the avatar, in the agent's own room.

    Args:
        avatar: folder of a trained person, such as `runs/me`, or what `Avatar.live_face` returned.
        settings: latency of the session.
    """

    def __init__(self, avatar: str | Path | LiveFace, settings: LiveSettings | None = None) -> None:
        self._avatar, self._settings = avatar, settings or LiveSettings(sound_rate=SOUND_RATE)
        self._runner: AvatarRunner | None = None
        self._generator: SessionVideoGenerator | None = None

    async def start(self, agent_session: AgentSession, room: rtc.Room) -> None:
        """Publish the avatar in the room and send the agent's speech through it.

        Args:
            agent_session: whose voice; before `agent_session.start`.
            room: where the agent is.
        """
        output = QueueAudioOutput(sample_rate=self._settings.sound_rate)
        await self.run(room, output)
        agent_session.output.audio = output

    async def run(self, room: rtc.Room, audio: AudioReceiver) -> None:
        """Speak what a receiver brings, and publish the avatar in the room."""
        face = await asyncio.to_thread(self._face)
        self._generator = SessionVideoGenerator(StreamingSession(face, self._settings))
        self._runner = AvatarRunner(room, audio_recv=audio, video_gen=self._generator, options=self._generator.options)
        await self._runner.start()

    async def aclose(self) -> None:
        """End it."""
        if self._generator is not None:
            await self._generator.aclose()
        if self._runner is not None:
            await self._runner.aclose()

    def _face(self) -> LiveFace:
        if not isinstance(self._avatar, str | Path):
            return self._avatar
        return Avatar(Path(self._avatar), None, 0, {}).live_face()


async def run_worker(room: rtc.Room, avatar: str | Path | LiveFace, settings: LiveSettings | None = None) -> None:
    """Be an avatar worker in a room of its own process: speech comes as data streams (`lk.audio_stream`).

    The agent sends it with LiveKit's `DataStreamAudioOutput`. Returns when the room is left.

    Args:
        room: joined as the avatar's participant.
        avatar: see `AvatarSession`.
        settings: of the session.
    """
    worker, left = AvatarSession(avatar, settings), asyncio.Event()
    room.on("disconnected", lambda *_: left.set())
    await worker.run(room, DataStreamAudioReceiver(room))
    try:
        await left.wait()
    finally:
        await worker.aclose()


def video_frame(frame: LiveFrame) -> rtc.VideoFrame:
    """The picture of a frame."""
    height, width, _ = frame.image.shape
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, np.ascontiguousarray(frame.image).tobytes())


def audio_frame(sound: np.ndarray, rate: int) -> rtc.AudioFrame:
    """Sound as 16-bit samples."""
    samples = np.rint(sound * 32767).astype(np.int16)
    return rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))
