"""A server and its client in one process, which a campaign of kills kills: see `kills.py`.

The client orders one film, or finds the one that it ordered before the kill. It waits for it and downloads it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

ACCEPTED = "accepted.txt"
"""File in which the client keeps the id of the film that the server has accepted."""
POLL_S = 0.5
"""Seconds between two questions: asking costs CPU time, which the moments of the kills are measured in."""


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve_one_film(run: Callable[[str], int], arguments: tuple[str, ...], speech: Path, out: Path) -> int:
    """Run `beavervision serve` until its client has its film.

    Args:
        run: runs a verb with the arguments of the command line; returns its exit code.
        arguments: of serve.
        speech: what the film says.
        out: file of the film.

    Returns:
        0 when the film is there; 1 when the server has lost or failed it.
    """
    problems: list[str] = []
    port = free_port()

    def client() -> None:
        try:
            _order(f"http://127.0.0.1:{port}", speech, out)
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")
        os.kill(os.getpid(), signal.SIGTERM)

    # uvicorn raises the signal again once it has ended in order.
    signal.signal(signal.SIGTERM, lambda *_: None)
    Thread(target=client, daemon=True).start()
    sys.argv = ["serve.py", *arguments, f"serve.port={port}"]
    code = run("serve")
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems) or code != 0)


def _order(address: str, speech: Path, out: Path) -> None:
    import httpx

    accepted = out.with_name(ACCEPTED)
    with httpx.Client(base_url=address, timeout=120) as client:
        while True:
            try:
                jobs = client.get("/v1/films").json()
                break
            except httpx.TransportError:
                time.sleep(POLL_S)
        if accepted.is_file():
            name = accepted.read_text(encoding="ascii")
            if name not in [job["id"] for job in jobs]:
                raise RuntimeError(f"the server has lost the accepted film {name}")
        else:
            # The kill may have come between the order and its answer.
            job = jobs[0] if jobs else _posted(client, speech)
            name, part = job["id"], accepted.with_suffix(".part")
            part.write_text(name, encoding="ascii")
            part.replace(accepted)
        while (job := client.get(f"/v1/films/{name}").json())["state"] in ("queued", "running"):
            time.sleep(POLL_S)
        if job["state"] != "done":
            raise RuntimeError(f"the film {job['state']}: {job['error']}")
        part = out.with_suffix(".part")
        part.write_bytes(client.get(job["film"]).raise_for_status().content)
        part.replace(out)


def _posted(client, speech: Path) -> dict:  # noqa: ANN001  (httpx is imported late)
    answer = client.post("/v1/films?avatar=mini&mode=avatar", content=speech.read_bytes())
    return answer.raise_for_status().json()
