"""Speed and memory of films, part by part: table in docs/benchmarks.md, compared with a stored result of this machine.

python benchmarks/film_table.py runs
python benchmarks/film_table.py runs --clips demo --frames 100 --keep

Every clip of the folder with trained bundles is measured, each film in its own process. `make bench` runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from machine import ROOT, measured_with, processor

PAGE, PREVIOUS, RESULT = ROOT / "docs" / "benchmarks.md", ROOT / "benchmarks" / "previous.json", ROOT / ".benchmarks"
BEGIN, END = "<!-- films: begin -->", "<!-- films: end -->"
STAGES = ("motion", "decode", "draw", "head", "torso", "stack", "composite", "encode")
KINDS: dict[str, dict[str, Any]] = {
    "dub, lower_face, first film": {"mode": "dub", "region": "lower_face", "detail": True, "cache": False},
    "dub, lower_face": {"mode": "dub", "region": "lower_face", "detail": True},
    "dub, lower_face, preset=live": {"mode": "dub", "region": "lower_face", "detail": True, "preset": "live"},
    "dub, head": {"mode": "dub", "region": "head"},
    "avatar": {"mode": "avatar"},
    "avatar, preset=live": {"mode": "avatar", "preset": "live"},
}
"""Kind of film -> settings."""
WARM_UP = 1 / 3
"""Share of the frames that are not measured: kernels are compiled or loaded, queues filled."""
Row = dict[str, Any]


def measure(runs: Path, name: str, kind: str, frames: int) -> Row:
    """Make a film in this process.

    Args:
        runs: folder of the clips.
        name: of the clip.
        kind: one of KINDS.
        frames: number of frames.

    Returns:
        Wall and CPU time in ms a frame in the steady state, wall time of each part, the largest memory in MB, the
        size, and how much faster than real time motion is predicted.
    """
    from beavervision.artifacts.bundle import RendererFacts
    from beavervision.artifacts.clip import Clip
    from beavervision.artifacts.manifest import Manifest
    from beavervision.inference.avatar import TORSO, Avatar
    from beavervision.inference.lower_face_avatar import LowerFaceAvatar
    from beavervision.inference.pipeline import TalkingHeadPipeline
    from beavervision.inference.settings import FilmSettings
    from beavervision.inference.speakers import Speaker
    from beavervision.inference.speech import Speech
    from beavervision.workflows.upstream import BundleQuery, find_upstream, newest_bundle

    clip, settings = Clip.load(runs / name / "clip"), KINDS[kind]
    query = BundleQuery(runs, name, None, None, 0)
    if "lower_face" in kind:
        avatar = LowerFaceAvatar.load(find_upstream("dub", query), clip.sha256)
    else:
        torso = newest_bundle(TORSO, query)
        frame = None if torso is None else Manifest.read(torso, RendererFacts).facts.frame
        bundles = find_upstream("infer", BundleQuery(runs, name, None, frame, 0))
        avatar = Avatar.load(bundles, clip.sha256, render="auto")
    speech = Speech.from_file(clip.folder / "audio.wav")
    out = runs / name / "film_bench" / "table.mp4"
    out.parent.mkdir(exist_ok=True)
    if settings.get("cache", True) and "lower_face" in kind:
        _film(TalkingHeadPipeline([Speaker(avatar, speech)], FilmSettings(**settings), clip), out, frames)
    pipeline = TalkingHeadPipeline([Speaker(avatar, speech)], FilmSettings(**settings), clip)
    row = _film(pipeline, out, frames)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = pipeline.timer.seconds["motion"]
    realtime = min(speech.seconds, 60.0) / seconds if seconds else 0.0
    return {**row, "peak": peak, "size": list(clip.size), "speech": realtime}


def _film(pipeline: Any, out: Path, frames: int) -> Row:
    """Write the first frames of a film and time those after the warm-up."""
    frames = min(frames, pipeline.n_frames)
    done, begun = [0], {}

    def shown(index: int) -> None:
        done.append(index)
        if index in (int(frames * WARM_UP), frames):
            begun[index] = time.perf_counter(), time.process_time()

    film = pipeline.write(out, shown, partial(_enough, done, frames))
    (first, start), (last, stop) = sorted(begun.items())
    wall, cpu = (1e3 * (b - a) / (last - first) for a, b in zip(start, stop, strict=True))
    return {"wall": wall, "cpu": cpu, "parts": film.milliseconds}


def _enough(done: list[int], frames: int) -> bool:
    return done[-1] >= frames


def measured(runs: Path, name: str, kind: str, frames: int) -> Row | None:
    """The same in a process of its own; None where the clip has no such bundles."""
    command = [sys.executable, __file__, str(runs), "--clips", name, "--frames", str(frames), "--kind", kind]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{name}, {kind}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def table(rows: dict[str, Row], before: dict[str, Row]) -> str:
    """The rows in Markdown; `change` is the CPU time before, divided by that now."""
    used = [stage for stage in STAGES if any(row["parts"].get(stage) for row in rows.values())]
    heads = ["film", *used, "film, ms", "frames/s", "CPU, ms", "memory, MB", "speech", "change"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, row in rows.items():
        old = before.get(name)
        parts = [f"{row['parts'].get(stage, 0):.0f}" for stage in used]
        cells = [f"{row['wall']:.0f}", f"{1e3 / row['wall']:.1f}", f"{row['cpu']:.0f}", f"{row['peak']:.0f}"]
        change = "" if old is None else f"{old['cpu'] / row['cpu']:.2f} x"
        lines.append("| " + " | ".join([name, *parts, *cells, f"{row['speech']:.0f} x", change]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure all films, print the table and write it between its markers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--clips", nargs="*", help="names of clips; default: all with bundles")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--kind", choices=list(KINDS), help="measure one kind in this process, and print JSON")
    parser.add_argument("--keep", action="store_true", help="store the result for later comparisons")
    asked = parser.parse_args()
    runs = asked.runs.absolute()
    if asked.kind:
        print(json.dumps(measure(runs, asked.clips[0], asked.kind, asked.frames)))
        return
    names = asked.clips or sorted(path.parent.name for path in runs.glob("*/clip"))
    rows: dict[str, Row] = {}
    for name in names:
        for kind in KINDS:
            row = measured(runs, name, kind, asked.frames)
            if row is not None:
                rows[f"{kind}: {name}, {row['size'][0]}x{row['size'][1]}"] = row
    if not rows:
        print(f"{runs} has no clip with trained bundles; make one with: make demo")
        return
    kept = json.loads(PREVIOUS.read_text())
    last = kept.get("films", {}).get(processor(), {"rows": {}, "made": "nothing stored for this machine"})
    made = f"{measured_with('torch', 'numba', 'av')}, load {os.getloadavg()[0]:.1f} at the end"
    text = f"{table(rows, last['rows'])}\n\n{made}. Before: {last['made']}.\n"
    print(text)
    RESULT.mkdir(exist_ok=True)
    (RESULT / "films.json").write_text(json.dumps(rows, indent=2))
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}")
    if asked.keep:
        kept.setdefault("films", {})[processor()] = {"made": made, "rows": rows}
        PREVIOUS.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
