"""The WebSocket's protocol, spoken by a real client to a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from cv2 import imread
from live_server import START, LampLibrary, Message, documented, is_event, parts, receive, running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from beavervision.serving.codec import KEY_PICTURE, MAGIC, SPEAKING
from beavervision.serving.tokens import TokenFile, add_token
from beavervision.serving.websocket import SocketLimits

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype("<i2").tobytes()


def session(address, start=START, **options):
    socket = connect(f"ws://{address}/v1/sessions", max_size=None, **options)
    socket.send(start)
    return socket


def closing(socket):
    try:
        while True:
            socket.recv(timeout=20)
    except ConnectionClosed as stop:
        return (stop.rcvd.code, stop.rcvd.reason) if stop.rcvd else (None, "")


def test_speech_goes_in_and_comes_out_with_pictures(address):
    with session(address) as socket:
        started = json.loads(socket.recv(timeout=20))
        assert (started["type"], started["fps"], started["width"], started["height"]) == ("started", 25.0, 16, 16)
        for start in range(0, len(TONE), 640):
            socket.send(TONE[start : start + 640])
        socket.send('{"type": "end_speech"}')
        found = receive(socket, is_event("speech_ended"))
        frames = [one for one in found if isinstance(one, Message)]
        assert [frame.index for frame in frames] == list(range(len(frames)))
        assert all(frame.magic == MAGIC for frame in frames)
        heard = b"".join(frame.sound for frame in frames if frame.flags & SPEAKING)
        samples = np.frombuffer(heard, "<i2").astype(float)
        assert np.square(samples).sum() == pytest.approx(
            np.square(np.frombuffer(TONE, "<i2").astype(float)).sum(), rel=0.02
        )
        assert frames[0].flags & KEY_PICTURE
        assert frames[0].picture[:2] == b"\xff\xd8"  # JPEG
        assert found[-1]["played"] == pytest.approx(1.0, abs=0.001)
        socket.send('{"type": "end"}')
        assert closing(socket)[0] == 1000


def test_the_documented_python_client_writes_frames_and_hears_everything(address, tmp_path):
    soundfile.write(tmp_path / "speech.wav", np.frombuffer(TONE, "<i2"), 16_000)
    (tmp_path / "client.py").write_text(documented("python"))
    command = [sys.executable, "client.py", f"ws://{address}/v1/sessions", "me", "speech.wav"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "'speech_ended'" in done.stdout
    assert int(done.stdout.split()[-2]) >= 48_000
    pictures = [imread(str(path)) for path in sorted(tmp_path.glob("*.jpg"))]
    assert len(pictures) > 10
    assert max(picture[..., 2].mean() for picture in pictures) > 30  # the lamp is red as far as its mouth is open


def test_h264_can_be_decoded(address):
    import av

    decoder, pictures = av.CodecContext.create("h264", "r"), []

    def decoded(message) -> bool:
        if isinstance(message, Message) and message.picture:
            pictures.extend(decoder.decode(av.Packet(message.picture)))
        return len(pictures) >= 3

    with session(address, START.replace('"start"', '"start", "video": "h264"')) as socket:
        receive(socket, decoded, 60)
    assert {(picture.width, picture.height) for picture in pictures} == {(16, 16)}


def test_an_interruption_is_answered_with_what_was_heard(address):
    with session(address) as socket:
        for _ in range(5):
            socket.send(TONE)
        receive(socket, lambda one: isinstance(one, Message) and one.flags & SPEAKING and one.played_ms > 500)
        socket.send('{"type": "interrupt"}')
        answer = receive(socket, is_event("interrupted"))[-1]
        assert 0.5 <= answer["played"] < 3
        rest = receive(socket, is_event("speech_ended"))
        assert rest[-1]["played"] == answer["played"]
        later = receive(socket, lambda one: isinstance(one, Message) and one.index > rest[-1]["frame"] + 10)
        assert not any(any(one.sound) for one in later if isinstance(one, Message))


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type": "fly"}',
        '{"type": "end", "now": 1}',
        "[" * 2000,
        "x" * 5000,
        b"abc",
        '"\\ud800"',
    ],
)
def test_malformed_messages_are_told_and_survived(address, message):
    with session(address) as socket:
        receive(socket, is_event("started"))
        socket.send(message)
        assert receive(socket, is_event("error"))[-1]["error"]
        socket.send(TONE)
        receive(socket, lambda one: isinstance(one, Message) and one.flags & SPEAKING)


def test_too_many_malformed_messages_end_the_session(address):
    with session(address) as socket:
        for _ in range(10):
            socket.send("{")
        assert closing(socket)[0] == 1008


@pytest.mark.parametrize(
    "start",
    [
        "{}",
        '{"type": "start"}',
        '{"type": "start", "avatar": "nobody"}',
        '{"type": "start", "avatar": "../lamp"}',
        START.replace("16000", "17", 1),
        START.replace("16000", '"16000"', 1),
        b"\0\0",
    ],
)
def test_a_session_that_cannot_begin(address, start):
    with session(address, start) as socket:
        code, reason = closing(socket)
        assert code == 1008
        assert reason


def test_pages_of_other_sites_and_other_names_are_refused(address):
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        with pytest.raises(InvalidStatus):
            connect(f"ws://{address}/v1/sessions", additional_headers=headers)
    with session(address, origin=f"http://{address}") as socket:
        receive(socket, is_event("started"))


def test_tokens_sessions_and_time_are_limited(tmp_path):
    token = add_token(tmp_path / "tokens.yaml", "anna")
    tokens = TokenFile.read(tmp_path / "tokens.yaml")
    limits = {"max_sessions": 1, "limits": SocketLimits(1.0, 60.0)}
    with running(parts(tmp_path / "private", tokens=tokens, **limits)) as (address, _):
        with pytest.raises(InvalidStatus):
            connect(f"ws://{address}/v1/sessions")
        with pytest.raises(InvalidStatus):
            connect(f"ws://{address}/v1/sessions", additional_headers={"Authorization": "Bearer wrong"})
        with session(address, subprotocols=["beavervision", f"token.{token}"]) as first:
            receive(first, is_event("started"))
            with session(address, additional_headers={"Authorization": f"Bearer {token}"}) as second:
                assert closing(second)[0] == 4503
            assert closing(first) == (1000, "no sound came for too long.")


def test_a_client_that_takes_nothing_is_dropped_and_others_go_on(address, server):
    import socket as sockets

    raw = sockets.create_connection(tuple(address.split(":")), timeout=5)
    raw.sendall(
        f"GET /v1/sessions HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    raw.close()
    with session(address) as other:
        receive(other, lambda one: isinstance(one, Message) and one.index > 20)
    end = time.monotonic() + 10
    while len(server[1]._sessions) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(server[1]._sessions) == 0


def test_a_client_that_reads_late_keeps_its_connection_and_all_of_the_sound(tmp_path):
    library = LampLibrary()
    library.person("lamp").face.__init__(side=640)
    noise = np.random.default_rng(0).integers(0, 255, (640, 640, 3), np.uint8)
    library.person("lamp").face.draw = lambda tick, mouth: np.roll(noise, tick, 0)  # 300 kB a picture
    served = parts(tmp_path / "private", library=library)
    with running(served) as (address, _), session(address, max_queue=1) as socket:
        receive(socket, is_event("started"))
        for _ in range(5):
            socket.send(TONE)
        socket.send('{"type": "end_speech"}')
        time.sleep(4)  # it takes nothing for as long
        found = receive(socket, is_event("speech_ended"))
    frames = [one for one in found if isinstance(one, Message)]
    heard = b"".join(frame.sound for frame in frames if frame.flags & SPEAKING)
    assert len(heard) == pytest.approx(2 * 5 * 16_000, abs=2 * 2000)
    pictures = sum(bool(frame.picture) for frame in frames)
    assert 0 < pictures < len(frames) - 30


def test_sigterm_lets_sessions_go_on_and_then_ends_them(tmp_path):
    with running(parts(tmp_path / "private"), drain_s=1.0) as (address, server), session(address) as socket:
        receive(socket, is_event("started"))
        server.handle_exit(15, None)
        begun = time.monotonic()
        receive(socket, lambda one: isinstance(one, Message) and one.index > 5)
        with session(address) as late:
            assert closing(late)[0] == 4503
        assert closing(socket)[0] == 1001
        assert time.monotonic() - begun > 0.5
