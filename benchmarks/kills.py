"""Campaign of kills: `python benchmarks/kills.py FOLDER [--kills 300] [--seed 19] [--work prepare,infer]`.

Commands are killed (SIGKILL) at random moments, and the same command then ends with the bytes of an undisturbed run. A
server is killed while it makes a film that was ordered with POST /v1/films; restarted, it ends the same film.
The campaign is resumable: FOLDER/kills.jsonl holds a line per kill.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import math
import os
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kills_serve import serve_one_film

STAGES = ("audio2motion", "postnet", "radnerf_head", "radnerf_torso", "lower_face")
SMALL = ("experiment=demo", "trainer.max_steps=4", "schedule.val_every=4", "frame.height=64", "logger=csv")
PERSON = ("data=myvideo", "data.name=mini")
RECORD, SPEECH = "kills.jsonl", "speech.wav"
SPEECH_S = 1.0
KILLS_A_ROUND = 5
"""Kills before the command may end; then its bytes are compared."""
EARLIEST, LATEST = 0.02, 0.95
"""Moments of the kills, in shares of the CPU time of the undisturbed run: the machine may be busy."""
POLL_S = 0.005
TICKS = os.sysconf("SC_CLK_TCK")
VOLATILE = ("manifest.json", "metrics.json")
"""Files with values that differ between any two runs: those with one of MEASURED in their names."""
MEASURED = ("time", "second", "date", "memory")


@dataclass(frozen=True)
class Work:
    """A command, and the folder below that of the person which it makes."""

    name: str
    verb: str
    arguments: tuple[str, ...]
    made: str


def works(runs: Path) -> dict[str, Work]:
    """Every kind of work, in the order in which one needs the other."""
    from beavervision.synthetic.ground_truth import actor_video

    place = f"paths.runs={runs}"
    footage = ("data=myvideo", "data.name=film", f"data.video={actor_video()}", "data.end=0.6", "data.workers=0")
    found = [Work("prepare", "prepare", (*footage, place), "film/clip")]
    for stage in STAGES:
        found.append(Work(stage, "train", (f"model={stage}", *PERSON, *SMALL, place), f"mini/{stage}"))
    speech = (f"audio={runs.with_name(SPEECH)}", f"out={runs}/mini/film.mp4", "provenance=off", "preset=ultrafast")
    found.append(Work("infer", "infer", (*PERSON, "experiment=demo", *speech, place), "mini/film.mp4"))
    server = (
        f"avatars={runs}/mini",
        f"serve.folder={runs}/.serve",
        "serve.drain_s=0.1",
        "hardware=cpu",
        "provenance=off",
    )
    found.append(Work("serve", "serve", (*server, place), "mini/served.mp4"))
    return {work.name: work for work in found}


def start(work: Work, log: Path) -> int:
    """Start a command in a fork of this process, in a process group of its own; return its number."""
    child = os.fork()
    if child:
        return child
    os.setpgrp()
    for number, path in ((0, os.devnull), (1, str(log)), (2, str(log))):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    code = 1
    try:
        code = _run(work)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(work: Work) -> int:
    from beavervision.cli.entry import run

    if work.verb == "serve":
        runs = Path(work.arguments[-1].split("=", 1)[1])
        return serve_one_film(run, work.arguments, runs.with_name(SPEECH), runs / work.made)
    sys.argv = [f"{work.verb}.py", *work.arguments]
    return run(work.verb)


def whole(work: Work, log: Path) -> float:
    """Run a command to its end; return its seconds of CPU time.

    Raises:
        RuntimeError: when it fails.
    """
    _, status, used = os.wait4(start(work, log), 0)
    if status:
        raise RuntimeError(f"{work.name} ended with {os.waitstatus_to_exitcode(status)}; see {log}")
    return used.ru_utime + used.ru_stime


def _cpu_seconds(process: int) -> float:
    """CPU time of a process so far; infinite when it has ended."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return math.inf if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / TICKS


def killed(work: Work, log: Path, after: float) -> bool:
    """Start a command and kill it after some seconds of CPU time; return whether it was still running."""
    child = start(work, log)
    while _cpu_seconds(child) < after:
        time.sleep(POLL_S)
    os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def digests(place: Path) -> dict[str, str]:
    """Hash of every file of what a command made: a film, a clip, or the bundles of a stage."""
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    files = [p for p in files if p == place or "bundle" in p.parts or "clip" in p.parts]
    return {str(p.relative_to(place.parent)): hashlib.sha256(_lasting(p)).hexdigest() for p in files}


def _lasting(path: Path) -> bytes:
    if path.name not in VOLATILE:
        return path.read_bytes()
    content = json.loads(path.read_text(encoding="utf-8"))
    return json.dumps(_without_measured(content), sort_keys=True).encode()


def _without_measured(value: object) -> object:
    if isinstance(value, dict):
        lasting = {k: v for k, v in value.items() if not any(word in str(k) for word in MEASURED)}
        return {k: _without_measured(v) for k, v in lasting.items()}
    return [_without_measured(v) for v in value] if isinstance(value, list) else value


def run_round(work: Work, runs: Path, base: Path, random: Random, took: float, log: Path) -> tuple[int, list[str]]:
    """Kill a command a few times and let it end.

    Returns:
        How many kills met it at work, and the files that differ from those of an undisturbed run.
    """
    shutil.rmtree(runs, ignore_errors=True)
    shutil.copytree(base, runs, symlinks=True)
    met = sum(killed(work, log, random.uniform(EARLIEST, LATEST) * took) for _ in range(KILLS_A_ROUND))
    whole(work, log)
    expected = json.loads((base.parent / f"{work.name}.json").read_text(encoding="utf-8"))
    found = digests(runs / work.made)
    return met, sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))


def prepare_base(folder: Path, chosen: dict[str, Work]) -> dict[str, float]:
    """Run every kind of work once, undisturbed; keep the state before each of them, and what it made.

    Returns:
        Seconds of CPU time of each.
    """
    from beavervision.synthetic.miniature import miniature_clip

    runs, times = folder / "runs", folder / "times.json"
    if times.is_file():
        return json.loads(times.read_text(encoding="utf-8"))
    shutil.rmtree(runs, ignore_errors=True)
    miniature_clip(runs / "mini" / "clip", n_frames=40)
    _write_speech(folder / SPEECH)
    took = {}
    for name, work in chosen.items():
        base = folder / f"before_{name}"
        shutil.rmtree(base, ignore_errors=True)
        shutil.copytree(runs, base, symlinks=True)
        took[name] = whole(work, folder / "log.txt")
        (folder / f"{name}.json").write_text(json.dumps(digests(runs / work.made)), encoding="utf-8")
        print(f"{name}: {took[name]:.1f} s of CPU time undisturbed", flush=True)
    times.write_text(json.dumps(took), encoding="utf-8")
    return took


def main() -> int:
    """Kill until the number of kills is reached, and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--work", default="", help="kinds of work, separated by commas; all by default")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    # GNU OpenMP, numba's other threads, does not survive a fork.
    os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
    _load()
    everything = works(folder / "runs")
    chosen = {name: everything[name] for name in asked.work.split(",")} if asked.work else everything
    took, record = prepare_base(folder, chosen), folder / RECORD
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.is_file() else []
    number = len(lines)
    while sum(line["kills"] for line in lines) < asked.kills:
        work = list(chosen.values())[number % len(chosen)]
        random = Random(f"{asked.seed}/{number}")
        base, log = folder / f"before_{work.name}", folder / "log.txt"
        met, differ = run_round(work, folder / "runs", base, random, took[work.name], log)
        lines.append({"work": work.name, "kills": KILLS_A_ROUND, "met": met, "differ": differ})
        with record.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(lines[-1]) + "\n")
        print(f"{work.name}: {met} of {KILLS_A_ROUND} kills at work, {differ or 'the same bytes'}", flush=True)
        number += 1
    kills = Counter({name: sum(line["met"] for line in lines if line["work"] == name) for name in chosen})
    print(f"kills at work: {dict(kills)}; rounds that differ: {sum(bool(line['differ']) for line in lines)}")
    return int(any(line["differ"] for line in lines))


def _load() -> None:
    """Import what the commands need, once."""
    names = ("workflows.prepare", "workflows.train", "workflows.infer", "serving.app", "serving.serve")
    for name in (*names, "serving.draining", "serving.film_maker"):
        importlib.import_module(f"beavervision.{name}")


def _write_speech(path: Path) -> None:
    """A sound whose loudness rises and falls."""
    import numpy as np
    import soundfile

    time = np.arange(round(16_000 * SPEECH_S)) / 16_000
    soundfile.write(path, 0.3 * np.sin(900 * time) * np.sin(12 * time), 16_000)


if __name__ == "__main__":
    sys.exit(main())
