"""The avatar against LiveKit's own classes: their queue, their runner's calls, no network."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("livekit.agents", reason="needs the extra [livekit]")

from live_faces import Lamp
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, QueueAudioOutput

from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession
from beavervision.integrations.livekit import SessionVideoGenerator

RATE = 24_000


def packet(seconds=0.1, channels=1):
    time = np.arange(round(RATE * seconds)) / RATE
    samples = np.repeat((8000 * np.sin(2 * np.pi * 300 * time)).astype(np.int16)[:, None], channels, 1)
    return rtc.AudioFrame(samples.tobytes(), RATE, channels, len(samples))


class Worker:
    """What LiveKit's AvatarRunner does between queue and room, without the room's tracks."""

    def __init__(self, output, generator):
        self.output, self.generator = output, generator
        self.frames, self.position, self.playing = [], 0.0, False
        self.finished = []
        output.on("clear_buffer", self.clear)
        output.on("playback_finished", self.finished.append)

    def clear(self):
        self.generator.clear_buffer()
        if self.playing:
            self.output.notify_playback_finished(playback_position=self.position, interrupted=True)
        self.playing, self.position = False, 0.0

    async def read(self):
        async for frame in self.output:
            if isinstance(frame, rtc.AudioFrame):
                self.playing = True
            await self.generator.push_audio(frame)

    async def forward(self):
        async for frame in self.generator:
            self.frames.append(frame)
            if isinstance(frame, AudioSegmentEnd):
                if self.playing:
                    self.output.notify_playback_finished(playback_position=self.position, interrupted=False)
                    self.playing, self.position = False, 0.0
            elif isinstance(frame, rtc.AudioFrame):
                self.position += frame.duration


async def scene(speak):
    output = QueueAudioOutput(sample_rate=RATE)
    generator = SessionVideoGenerator(StreamingSession(Lamp(), LiveSettings(sound_rate=RATE)))
    worker = Worker(output, generator)
    tasks = [asyncio.create_task(worker.read()), asyncio.create_task(worker.forward())]
    await speak(output, worker)
    await generator.aclose()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return worker


async def until(condition, seconds=20):
    async def wait():
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), seconds)


def test_a_speech_is_played_to_its_end_and_the_position_is_its_length():
    async def speak(output, worker):
        for _ in range(10):
            await output.capture_frame(packet(channels=2))
        output.flush()
        await until(lambda: worker.finished)

    worker = asyncio.run(scene(speak))
    (event,) = worker.finished
    assert not event.interrupted
    assert event.playback_position == pytest.approx(1.0, abs=0.002)
    pictures = [frame for frame in worker.frames if isinstance(frame, rtc.VideoFrame)]
    assert len(pictures) >= 25
    assert (pictures[0].width, pictures[0].height) == (16, 16)


def test_an_interruption_reports_what_was_heard_and_the_next_speech_is_whole():
    async def speak(output, worker):
        for _ in range(30):
            await output.capture_frame(packet())
        await until(lambda: worker.position > 0.5)
        output.flush()
        output.clear_buffer()
        assert worker.finished[0].interrupted
        assert 0.5 < worker.finished[0].playback_position < 1.5
        for _ in range(5):
            await output.capture_frame(packet())
        output.flush()
        await until(lambda: len(worker.finished) == 2)

    worker = asyncio.run(scene(speak))
    assert not worker.finished[1].interrupted
    assert worker.finished[1].playback_position == pytest.approx(0.5, abs=0.002)
