"""Load on a server, 500 films, 50 clients that vanish, 1,000 malformed messages: python benchmarks/serve_load.py.

The server, its queue, its sessions and its sockets are real; people are drawn as single colours and films hold ten
frames of nothing, so that the machine's time goes to the server and not to pictures. The table is in
docs/guides/live_assistant.md.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from live_server import START, parts, running

FILMS, VANISHING, MALFORMED = 500, 50, 1000


def counts() -> tuple[int, int, float]:
    """Threads of sessions, open files and resident memory (MB) of this process."""
    gc.collect()
    sessions = sum(thread.name == "live-session" for thread in threading.enumerate())
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return sessions, len(os.listdir("/proc/self/fd")), resident


def films(address: str) -> str:
    """Order many films at once, and wait for all."""
    begun = time.monotonic()

    def order(index: int) -> str:
        answer = client.post("/v1/films?avatar=lamp", content=f"speech {index}".encode())
        answer.raise_for_status()
        return answer.json()["id"]

    with httpx.Client(base_url=f"http://{address}", timeout=120) as client, ThreadPoolExecutor(8) as pool:
        names = list(pool.map(order, range(FILMS)))
        ordered = time.monotonic() - begun
        while True:
            states = [job["state"] for job in client.get("/v1/films").json()]
            if states.count("done") + states.count("failed") == FILMS:
                break
            time.sleep(0.2)
        made = [client.get(f"/v1/films/{name}/film").content for name in names]
        right = sum(content == f"film of speech {i}".encode() for i, content in enumerate(made))
    return f"| {FILMS} films | ordered in {ordered:.1f} s, {right} of {FILMS} right, {states.count('failed')} failed |"


def vanish(address: str) -> str:
    """Open sessions, speak, and cut the connection without a word."""

    def one(index: int) -> bool:
        with connect(f"ws://{address}/v1/sessions", max_size=None, open_timeout=60, close_timeout=0) as socket:
            socket.send(START)
            socket.send(b"\1\2" * 8000)
            for _ in range(index % 10):
                socket.recv(timeout=60)
            socket.socket.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        opened = sum(pool.map(one, range(VANISHING)))
    begun = time.monotonic()
    while metric(address, 'beavervision_sessions{door="websocket"}') > 0 and time.monotonic() - begun < 60:
        time.sleep(0.1)
    left = metric(address, 'beavervision_sessions{door="websocket"}')
    return (
        f"| {VANISHING} vanishing clients | {opened} opened, {left:.0f} left after {time.monotonic() - begun:.1f} s |"
    )


def malformed(address: str) -> str:
    """Send messages that no protocol has; each session takes ten."""
    rng, sent, refused = random.Random(0), 0, 0
    while sent < MALFORMED:
        with connect(f"ws://{address}/v1/sessions", max_size=None, open_timeout=60) as socket:
            socket.send(START)
            try:
                for _ in range(10):
                    kind, size = rng.randrange(4), rng.randrange(1, 3000)
                    text = json.dumps({rng.choice(["type", "x"]): rng.choice(["fly", None, 1, [], {}])})
                    noise = rng.randbytes(size | 1)
                    socket.send([text, noise, noise.decode("latin-1"), "[" * size][kind])
                    sent += 1
                while True:
                    socket.recv(timeout=60)
            except ConnectionClosed as error:
                refused += error.rcvd is not None and error.rcvd.code == 1008
    alive = httpx.get(f"http://{address}/healthz").text
    return f"| {sent} malformed messages | {refused} sessions closed with 1008; the server is {alive} |"


def metric(address: str, name: str) -> float:
    """One figure of /metrics."""
    for line in httpx.get(f"http://{address}/metrics").text.splitlines():
        if line.startswith(name):
            return float(line.split()[-1])
    return 0.0


def main() -> None:
    """Run the three loads twice, and print what they left the second time."""
    with tempfile.TemporaryDirectory() as folder, running(parts(Path(folder) / "private")) as (address, _):
        vanish(address)
        before = counts()
        for line in (films(address), vanish(address), malformed(address)):
            print(line, flush=True)
        time.sleep(2)
        after = counts()
        names = ("threads of sessions", "open files", "resident memory, MB")
        left = [f"{name} {b:.0f} -> {a:.0f}" for name, b, a in zip(names, before, after, strict=True)]
        print(f"| left behind | {', '.join(left)} |")


if __name__ == "__main__":
    main()
