"""A real server on loopback, in a thread, with people who cost nothing to draw."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from live_faces import Lamp

from beavervision.inference.live.settings import LiveSettings
from beavervision.serving.codec import HEADER
from beavervision.workflows.live import LivePerson

AUDIO = {"rate": 16000, "channels": 1, "format": "s16le"}
START = json.dumps({"type": "start", "avatar": "lamp", "audio": AUDIO, "sound_rate": 16000})


class LampLibrary:
    """People without bundles; see `serving.library.AvatarLibrary`."""

    require_consent = False

    def __init__(self, names=("lamp",)) -> None:
        self.folders = {name: Path(name) for name in names}
        self._people = {name: LivePerson(Lamp(), None, "lower_face") for name in names}

    @property
    def names(self):
        return sorted(self.folders)

    def person(self, name):
        return self._people[name]

    def is_loaded(self, name):
        return True

    def load_all(self):
        return {}


def quick_film(job, speech, out, report, stop) -> bool:
    """A film of ten frames that holds the speech's bytes."""
    for done in range(10):
        report(done + 1, 10)
        time.sleep(0.002)
        if stop():
            return False
    out.write_bytes(b"film of " + speech.read_bytes())
    return True


def parts(folder, **options):
    """Parts of a server; every one can be replaced."""
    from beavervision.serving.access import Access
    from beavervision.serving.app import ServerParts
    from beavervision.serving.film_queue import FilmQueue
    from beavervision.serving.tokens import TokenFile
    from beavervision.serving.websocket import SocketLimits

    given = {
        "library": LampLibrary(),
        "films": FilmQueue(folder, options.pop("make", quick_film), options.pop("max_films", 1000), 100_000, 3600.0),
        "access": Access(options.pop("tokens", TokenFile({})), options.pop("per_minute", 1_000_000), local=True),
        "max_sessions": 60,
        "live": LiveSettings(sound_rate=16_000),
        "limits": SocketLimits(30.0, 60.0),
    }
    return ServerParts(**{**given, **options})


@contextlib.contextmanager
def running(server_parts, drain_s: float = 2.0) -> Iterator[tuple[str, object]]:
    """Run a server; yield its address and the server."""
    import uvicorn

    from beavervision.serving.app import create_app
    from beavervision.serving.draining import DrainingServer
    from beavervision.serving.serve import live_listener

    app = create_app(server_parts)
    options = {"ws_max_size": 2 << 20, "ws_per_message_deflate": False, "timeout_graceful_shutdown": 2}
    server = DrainingServer(uvicorn.Config(app, log_level="warning", lifespan="on", **options), app, drain_s)
    listener = live_listener("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not (server.started and app.state.ready.is_set()) and time.monotonic() < end:
        time.sleep(0.01)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


class Message:
    """A frame as the WebSocket sends it."""

    def __init__(self, content: bytes) -> None:
        self.magic, self.index, self.flags, _, self.played_ms, sound, picture = HEADER.unpack(content[: HEADER.size])
        self.sound = content[HEADER.size :][:sound]
        self.picture = content[HEADER.size + sound :]
        assert len(self.picture) == picture


def receive(socket, until, seconds: float = 20.0):
    """Messages up to the first for which `until` is true, frames and events."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        content = socket.recv(timeout=seconds)
        found.append(Message(content) if isinstance(content, bytes) else json.loads(content))
        if until(found[-1]):
            return found
    raise AssertionError(f"nothing fits among {len(found)} messages")


def is_event(kind: str):
    """Whether a message is an event of a kind."""
    return lambda message: isinstance(message, dict) and message["type"] == kind


def documented(language: str) -> str:
    """The client that docs/reference/protocol.md shows in a language."""
    page = (Path(__file__).parents[2] / "docs/reference/protocol.md").read_text(encoding="utf-8")
    part = page.partition(f"### A client in {({'python': 'Python', 'javascript': 'JavaScript'})[language]}")[2]
    return part.partition(f"```{language}\n")[2].partition("```")[0]
