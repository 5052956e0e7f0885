"""WebRTC with aiortc as the client: a voice goes in over the network, sound and picture come out."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction

import httpx
import numpy as np
import pytest

aiortc = pytest.importorskip("aiortc", reason="needs the extra [serve]")
import av  # noqa: E402


class Voice(aiortc.MediaStreamTrack):
    """A tone in real time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.count, self.begun = 0, None

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.begun = self.begun or loop.time()
        await asyncio.sleep(max(0, self.begun + self.count / 48_000 - loop.time()))
        time = (self.count + np.arange(960)) / 48_000
        frame = av.AudioFrame.from_ndarray(
            (9000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self.count, Fraction(1, 48_000)
        self.count += 960
        return frame


async def call(address):
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    pictures, levels, tracks = [], [], []
    peer.addTrack(Voice())
    peer.addTransceiver("video", direction="recvonly")
    channel = peer.createDataChannel("control")
    told = asyncio.Event()
    channel.on("message", lambda text: told.set() if "interrupted" in text else None)

    @peer.on("track")
    def came(track):
        tracks.append(track)

    await peer.setLocalDescription(await peer.createOffer())
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        offer = peer.localDescription.sdp
        answer = await client.post("/v1/webrtc/offer?avatar=lamp", content=offer, timeout=20)
        assert answer.status_code == 201
        assert answer.headers["content-type"] == "application/sdp"
        await peer.setRemoteDescription(aiortc.RTCSessionDescription(answer.text, "answer"))
        video, audio = (next(track for track in tracks if track.kind == kind) for kind in ("video", "audio"))
        while len(pictures) < 25 or max(levels, default=0) < 2000:
            picture, packet = await asyncio.wait_for(asyncio.gather(video.recv(), audio.recv()), 20)
            pictures.append((picture.width, picture.height))
            levels.append(float(np.abs(packet.to_ndarray()).max()))
        channel.send('{"type": "interrupt"}')
        await asyncio.wait_for(told.wait(), 10)
        assert (await client.delete(answer.headers["location"])).status_code == 204
    await peer.close()
    return pictures, levels


def test_a_call(address, server):
    pictures, levels = asyncio.run(asyncio.wait_for(call(address), 60))
    assert set(pictures) == {(16, 16)}
    assert max(levels) > 2000


@pytest.mark.parametrize("offer", ["", "v=0", "x" * 70_000, "\0\1\2"])
def test_offers_that_are_none(address, server, offer):
    answer = httpx.post(f"http://{address}/v1/webrtc/offer?avatar=lamp", content=offer.encode(), timeout=20)
    assert answer.status_code in (400, 413)
    # The server hangs up the call of the test before in its own time.
    end = time.monotonic() + 20
    while len(server[1]._sessions) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(server[1]._sessions) == 0
