"""Ray Serve with two real replicas: sessions are spread, and one replica is killed in the middle of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from live_server import START, Message, documented, is_event, parts, receive
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ray = pytest.importorskip("ray", reason="needs the extra [ray]")
pytest.importorskip("ray.serve", reason="needs the extra [ray]")

SUPPORT = Path(__file__).parents[1] / "support"
CAPACITY = 3


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    from beavervision.serving.replicas import application, start_replicas, stop_replicas

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("replicas")
    app = application(partial(parts, folder / "private"), 2, CAPACITY, 0.5)
    start_replicas(app, "127.0.0.1", port, {"PYTHONPATH": str(SUPPORT)})
    yield f"127.0.0.1:{port}"
    stop_replicas()


def session(stack, address):
    opened = stack.enter_context(connect(f"ws://{address}/v1/sessions", max_size=None, open_timeout=20))
    opened.send(START)
    return opened, receive(opened, is_event("started"))[-1]["server"]


def kill(server: str) -> float:
    """Kill a replica's process; the moment."""
    name = next(one["name"] for one in ray.util.list_named_actors(all_namespaces=True) if one["name"].endswith(server))
    process = ray.get(ray.get_actor(name, namespace="serve").__ray_call__.remote(lambda self: os.getpid()))
    os.kill(process, signal.SIGKILL)
    return time.monotonic()


def test_sessions_are_spread_and_a_killed_replica_costs_less_than_two_seconds(address):
    with ExitStack() as stack:
        opened = [session(stack, address) for _ in range(4)]
        servers = {server for _, server in opened}
        assert len(servers) == 2
        facts = httpx.get(f"http://{address}/v1/capacity", timeout=20).json()
        assert facts["max_sessions"] == CAPACITY
        assert facts["server"] in servers
        killed = opened[0][1]
        moment = kill(killed)
        with pytest.raises(ConnectionClosed):
            receive(opened[0][0], lambda message: False)
        again, server = session(stack, address)
        receive(again, lambda one: isinstance(one, Message) and bool(one.picture))
        print(f"idle again after {time.monotonic() - moment:.2f} s")
        assert time.monotonic() - moment < 2
        assert server != killed
        for other, one in [*opened, (again, server)]:
            if one != killed:  # the other replica's sessions never noticed
                receive(other, lambda message: isinstance(message, Message))


def test_the_documented_client_speaks_on_another_replica(address, tmp_path):
    end = time.monotonic() + 60
    while len({httpx.get(f"http://{address}/v1/capacity", timeout=20).json()["server"] for _ in range(8)}) < 2:
        assert time.monotonic() < end  # Ray starts a replica in the place of the killed one
    soundfile.write(tmp_path / "speech.wav", 0.3 * np.sin(np.arange(48_000) / 8), 16_000)
    (tmp_path / "client.py").write_text(documented("python"))
    command = [sys.executable, "-u", "client.py", f"ws://{address}/v1/sessions", "lamp", "speech.wav"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        first = client.stdout.readline()
        time.sleep(1)
        kill(first.split("'server': '")[1].partition("'")[0])
        rest = client.stdout.read()
        assert client.wait(30) == 0
    assert "'started'" in rest
    assert "'played': 3.0" in rest
