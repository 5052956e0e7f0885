"""Campaign of hostile input: `python benchmarks/hostile.py FOLDER [--cases 500] [--seed 19]`.

Each case ends in a result or in one sentence, with exit code 0 or 2, under 1 GB of resident memory and within its time
limit; never in a traceback, and it leaves no unfinished file. The campaign is resumable: finished cases stand in
FOLDER/cases.jsonl. A case that fails keeps its files in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hostile_cases import Case, make_case

SERVER = Path(__file__).with_name("hostile_server.py")
MODULES = (
    *("beavervision.workflows.infer", "beavervision.workflows.train", "beavervision.workflows.prepare"),
    *("beavervision.workflows.evaluate", "beavervision.provenance.verification", "beavervision.preprocess.ingest"),
)
MOST_MB = 1024
"""Resident memory of a case with all libraries, MB."""
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
    told = [line for line in lines if line.startswith("error: ")]
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


def main() -> int:
    """Run the cases that have not run yet, and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--again", action="store_true", help="run the cases again that failed")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    done = finished(asked.folder)
    if asked.again:
        done = {number: outcome for number, outcome in done.items() if not outcome.wrong}
        text = "".join(json.dumps(vars(outcome)) + "\n" for outcome in done.values())
        (asked.folder / RECORD).write_text(text, encoding="utf-8")
    with server() as running, (asked.folder / RECORD).open("a", encoding="utf-8") as record:
        for number in range(asked.cases):
            if number not in done:
                done[number] = outcome = run_case(running, number, asked.seed, asked.folder)
                record.write(json.dumps(vars(outcome)) + "\n")
                record.flush()
                if outcome.wrong:
                    print(f"{number:4} {outcome.target:8} {outcome.name[:70]}: {outcome.wrong}", flush=True)
    _summarise(list(done.values()))
    return int(any(outcome.wrong for outcome in done.values()))


def _summarise(outcomes: list[Outcome]) -> None:
    codes = Counter((outcome.target, outcome.code) for outcome in outcomes)
    for target in sorted({outcome.target for outcome in outcomes}):
        ends = ", ".join(f"{code}: {n}" for (t, code), n in sorted(codes.items(), key=str) if t == target)
        most = max(outcome.rss_mb for outcome in outcomes if outcome.target == target)
        print(f"{target:8} exit codes {ends}; at most {most} MB")
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"{len(outcomes)} cases, {wrong} wrong, {sum(outcome.s for outcome in outcomes):.0f} s")


if __name__ == "__main__":
    sys.exit(main())
