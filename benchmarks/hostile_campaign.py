"""Runs hostile cases and judges their ends; see `hostile.py`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hostile_cases import Case, make_case

SERVER = Path(__file__).with_name("hostile_server.py")
MODULES = (
    *("beavervision.workflows.infer", "beavervision.workflows.train", "beavervision.workflows.prepare"),
    *("beavervision.workflows.evaluate", "beavervision.cli.verify", "beavervision.cli.entry"),
    *("beavervision.provenance.verification", "beavervision.preprocess.ingest", "beavervision.video.field_order"),
    *("beavervision.serving.app", "beavervision.serving.serve", "uvicorn", "websockets", "httpx"),
)
MOST_MB = 1024
"""Resident memory of a case with all libraries, MB."""
SENTENCE = re.compile(r"(\S+: )?error: ")
"""Beginning of the sentence; that of a wrong flag names the program first, after the usage."""
UNFINISHED = (".part", ".tmp", ".partial")
"""In the names of files that are being written."""
RECORD = "cases.jsonl"


@dataclass(frozen=True)
class Outcome:
    """What a case came to."""

    number: int
    name: str
    target: str
    code: int | str
    rss_mb: int
    s: float
    wrong: str
    """What is wrong; empty when nothing is."""


class Server:
    """The process that runs cases in forks."""

    def __init__(self, modules: tuple[str, ...] = MODULES) -> None:
        limits = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "WANDB_MODE": "offline"}
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **limits},
        )

    def run(self, case: Case, folder: Path) -> dict:
        """Run a case in its folder; return its exit code, peak memory and seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"target": case.target, "arguments": case.arguments, "folder": str(folder), "seconds": case.seconds}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@contextmanager
def server() -> Iterator[Server]:
    """Start the server, and end it after the block."""
    running = Server()
    try:
        yield running
    finally:
        running.close()


def run_case(running: Server, number: int, seed: int, folder: Path) -> Outcome:
    """Make and run one case; its folder is removed when nothing is wrong.

    Args:
        running: the server.
        number: of the case.
        seed: of the campaign.
        folder: of the campaign.
    """
    place = folder / f"{number:04}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    case = make_case(number, seed, place)
    before = set(place.rglob("*"))
    ended = running.run(case, place)
    wrong = objection(place, before, ended)
    if not wrong:
        shutil.rmtree(place)
    return Outcome(number, case.name, case.target, ended["code"], ended["rss_mb"], round(ended["s"], 2), wrong)


def objection(place: Path, before: set[Path], ended: dict) -> str:
    """Return what is wrong with the end of a case; empty when nothing is."""
    code, errors = ended["code"], (place / "stderr").read_text(encoding="utf-8", errors="replace")
    shown = (place / "stdout").read_text(encoding="utf-8", errors="replace")
    lines = [line for line in errors.splitlines() if line.strip()]
    if code not in (0, 2):
        return f"exit code {code}: {lines[-1][:200] if lines else ''}"
    if "Traceback (most recent call last)" in errors + shown:
        return "a traceback"
    told = [line for line in lines if SENTENCE.match(line)]
    if code == 2 and (len(told) != 1 or lines[-1] != told[0]):
        return f"{len(told)} errors, and the last line is {lines[-1][:100] if lines else 'missing'!r}"
    if ended["rss_mb"] > MOST_MB:
        return f"{ended['rss_mb']} MB"
    left = [path for path in place.rglob("*") if path not in before and any(word in path.name for word in UNFINISHED)]
    return f"unfinished files: {left[0].name}" if left else ""


def finished(folder: Path) -> dict[int, Outcome]:
    """Outcomes of the cases that ran before."""
    path = folder / RECORD
    if not path.is_file():
        return {}
    found = [Outcome(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return {outcome.number: outcome for outcome in found}
