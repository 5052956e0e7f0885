"""Pipecat: a processor after the text-to-speech service that shows an avatar speaking.

It talks to `beavervision serve` over its WebSocket and runs in an environment of its own, because Pipecat and
mediapipe need different versions of protobuf: `pip install pipecat-ai websockets pillow`, and
`pip install --no-deps beavervision`.

    pipeline = Pipeline([..., tts, AvatarVideoProcessor("ws://127.0.0.1:8600/v1/sessions", "me"), transport.output()])
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
from typing import Any

from PIL import Image
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

HEADER = struct.Struct("<4sIBBHII")
"""Of a frame, see docs/guides/live_assistant.md."""
SPEAKING = 1
"""Flag: the sound is speech."""
RATES = (16_000, 24_000, 48_000)
"""Rates at which the server sends sound."""


class AvatarVideoProcessor(FrameProcessor):
    """Sends speech to the server, and pushes its pictures and the sound that belongs to them.

    `TTSAudioRawFrame`s are consumed and come out again in step with the pictures. `TTSStoppedFrame` ends a speech, an
    `InterruptionFrame` stops it; both go on.

    Args:
        url: of `/v1/sessions`.
        avatar: name of the person.
        token: of the client, where the server asks for one.
        kwargs: of `FrameProcessor`.
    """

    def __init__(self, url: str, avatar: str, token: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._url, self._avatar, self._token = url, avatar, token
        self._socket: ClientConnection | None = None
        self._receiver: asyncio.Task[None] | None = None
        self._rate = 24_000
        self._cutting = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Handle a frame; called by Pipecat."""
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self._start(frame)
        elif isinstance(frame, TTSAudioRawFrame) and direction == FrameDirection.DOWNSTREAM:
            await self._send(self._at_rate(frame))
            return
        elif isinstance(frame, TTSStoppedFrame):
            await self._send(json.dumps({"type": "end_speech"}))
        elif isinstance(frame, InterruptionFrame):
            # The server sends no sound of the interrupted speech after its answer; what comes before it is left out.
            self._cutting = True
            if not await self._send(json.dumps({"type": "interrupt"})):
                self._cutting = False
        elif isinstance(frame, EndFrame | CancelFrame):
            await self._stop()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Close the connection; called by Pipecat."""
        await self._stop()
        await super().cleanup()

    async def _start(self, frame: StartFrame) -> None:
        wanted = frame.audio_out_sample_rate
        self._rate = wanted if wanted in RATES else self._rate
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            self._socket = await connect(self._url, max_size=None, additional_headers=headers)
            audio = {"rate": self._rate, "channels": 1, "format": "s16le"}
            start = {"type": "start", "avatar": self._avatar, "audio": audio, "sound_rate": self._rate}
            await self._socket.send(json.dumps(start))
            started = json.loads(await self._socket.recv())
        except (OSError, ConnectionClosed, TimeoutError, ValueError) as error:
            await self.push_error(f"beavervision at {self._url} does not answer: {error}")
            return
        if started.get("type") != "started":
            await self.push_error(f"beavervision: {started.get('error', started)}")
            return
        self._receiver = self.create_task(self._receive(self._socket))

    async def _send(self, message: bytes | str) -> bool:
        """Send a message; whether that was possible."""
        if self._socket is None or self._receiver is None:
            return False
        try:
            await self._socket.send(message)
            return True
        except ConnectionClosed as error:
            self._socket = None
            await self.push_error(f"beavervision ended the session: {error}")
            return False

    async def _receive(self, socket: ClientConnection) -> None:
        """Push what the server sends, until it ends the session."""
        try:
            async for message in socket:
                if isinstance(message, str):
                    event = json.loads(message)
                    self._cutting = self._cutting and event["type"] != "interrupted"
                    if event["type"] in ("error", "ended"):
                        await self.push_error(f"beavervision: {event['error']}")
                    continue
                _, _, flags, _, _, sound, picture = HEADER.unpack(message[: HEADER.size])
                heard = bool(flags & SPEAKING) and not self._cutting
                if heard:
                    content = message[HEADER.size : HEADER.size + sound]
                    await self.push_frame(TTSAudioRawFrame(content, self._rate, 1))
                if picture:
                    with Image.open(io.BytesIO(message[HEADER.size + sound :])) as opened:
                        rgb = opened.convert("RGB")
                    image = OutputImageRawFrame(rgb.tobytes(), rgb.size, "RGB")
                    image.sync_with_audio = heard
                    await self.push_frame(image)
        except ConnectionClosed:
            self._socket = None

    async def _stop(self) -> None:
        if self._receiver is not None:
            await self.cancel_task(self._receiver)
            self._receiver = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    def _at_rate(self, frame: TTSAudioRawFrame) -> bytes:
        """The frame's sound, mono, at the session's rate."""
        if frame.sample_rate == self._rate and frame.num_channels == 1:
            return frame.audio
        import numpy as np

        samples = np.frombuffer(frame.audio, np.int16).reshape(-1, frame.num_channels).mean(1)
        count = round(len(samples) * self._rate / frame.sample_rate)
        # Text-to-speech services of Pipecat speak at the pipeline's rate; this is for the odd one that does not.
        places = np.arange(count) * (frame.sample_rate / self._rate)
        return np.rint(np.interp(places, np.arange(len(samples)), samples)).astype(np.int16).tobytes()
