"""The avatar in LiveKit's own worker: their queue, runner, synchroniser and native tracks; only the room is missing."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("livekit.agents", reason="needs the extra [livekit]")

from live_faces import Lamp
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import AvatarRunner, QueueAudioOutput

import beavervision.integrations.livekit as integration
from beavervision.inference.live.settings import LiveSettings
from beavervision.integrations.livekit import AvatarSession

RATE = 24_000


def packet(seconds=0.1, channels=1):
    time = np.arange(round(RATE * seconds)) / RATE
    samples = np.repeat((8000 * np.sin(2 * np.pi * 300 * time)).astype(np.int16)[:, None], channels, 1)
    return rtc.AudioFrame(samples.tobytes(), RATE, channels, len(samples))


class RoomlessRunner(AvatarRunner):
    """LiveKit's runner whose tracks are real, but read here instead of in a room."""

    async def _publish_track(self):
        async with self._lock:
            if self._video_publication is not None:
                return
            audio = rtc.LocalAudioTrack.create_audio_track("avatar_audio", self._audio_source)
            video = rtc.LocalVideoTrack.create_video_track("avatar_video", self._video_source)
            self._audio_publication, self._video_publication = audio, video
            self.pictures, self.levels = [], []
            self.streams = rtc.VideoStream(video), rtc.AudioStream(audio, sample_rate=RATE, num_channels=1)
            self.readers = [asyncio.create_task(one) for one in (self._watch(), self._hear())]

    async def _watch(self):
        async for event in self.streams[0]:
            self.pictures.append((event.frame.width, event.frame.height))

    async def _hear(self):
        async for event in self.streams[1]:
            self.levels.append(int(np.abs(np.frombuffer(event.frame.data, np.int16)).max()))


async def scene(monkeypatch, speak):
    """An agent's voice goes through the avatar; returns the runner and what the agent is told."""
    monkeypatch.setattr(integration, "AvatarRunner", RoomlessRunner)
    agent, avatar = AgentSession(), AvatarSession(Lamp(), LiveSettings(sound_rate=RATE))
    await avatar.start(agent, rtc.Room())
    output, runner = agent.output.audio, avatar._runner
    assert isinstance(output, QueueAudioOutput)
    finished = []
    output.on("playback_finished", finished.append)
    await speak(output, runner, finished)
    for task, stream in zip(runner.readers, runner.streams, strict=True):
        task.cancel()
        await stream.aclose()
    await avatar.aclose()
    return runner, finished


async def until(condition, seconds=20):
    async def wait():
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), seconds)


def test_a_speech_is_played_to_its_end_and_the_position_is_its_length(monkeypatch):
    async def speak(output, runner, finished):
        for _ in range(10):
            await output.capture_frame(packet(channels=2))
        output.flush()
        await until(lambda: finished)
        await until(lambda: len(runner.pictures) >= 25 and max(runner.levels, default=0) > 5000)

    runner, (event,) = asyncio.run(scene(monkeypatch, speak))
    assert not event.interrupted
    assert event.playback_position == pytest.approx(1.0, abs=0.002)
    assert set(runner.pictures) == {(16, 16)}


def test_an_interruption_reports_what_was_heard_and_the_next_speech_is_whole(monkeypatch):
    async def speak(output, runner, finished):
        for _ in range(30):
            await output.capture_frame(packet())
        await until(lambda: runner._playback_position > 0.5)
        output.flush()
        output.clear_buffer()
        await until(lambda: finished)
        for _ in range(5):
            await output.capture_frame(packet())
        output.flush()
        await until(lambda: len(finished) == 2)

    _, (first, second) = asyncio.run(scene(monkeypatch, speak))
    assert first.interrupted
    assert 0.5 < first.playback_position < 1.5
    assert not second.interrupted
    assert second.playback_position == pytest.approx(0.5, abs=0.002)
