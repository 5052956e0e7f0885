"""Quality and speed of inference: held-out dub, hand, seam, neck, jitter, speed, memory.

The rows are for docs/explanation/inference.md.

python benchmarks/film.py runs demo dub neck speed
python benchmarks/film.py runs demo dub --frames 380-614
python benchmarks/film.py runs me memory --plot docs/images/film_memory.png

The clip must have trained bundles. Videos are written to `runs/<name>/film_bench`.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from film_cast import Cast
from film_dub import dub
from film_neck import neck
from PIL import Image

from beavervision.stages.visualization.media import Curves
from beavervision.stages.visualization.plot import draw_curves

SPEED_FRAMES = 100
MEMORY_FPS = 2.0
"""Frame rate of the video of an hour: the speech is complete, but fewer frames are rendered."""
MEMORY_EVERY = 40
"""Frames between two measurements of the memory."""

Rows = list[tuple[str, str]]


def speed(cast: Cast, audio: Path) -> Rows:
    """Milliseconds per frame of every step in both modes, and the share of time in which the slowest thread is busy."""
    rows, (width, height) = [], cast.clip.size
    for mode in ("dub", "avatar"):
        done = [0]
        film = cast.maker(audio, mode=mode).write(
            cast.folder / f"speed_{mode}.mp4", done.append, partial(_enough, done, SPEED_FRAMES)
        )
        if film is not None:
            parts = ", ".join(f"{part} {value:.0f}" for part, value in film.milliseconds.items())
            rows.append((f"{mode} {width}x{height}", f"{parts}; slowest thread busy {100 * film.busiest:.0f} %"))
    return rows


def _enough(done: list[int], frames: int) -> bool:
    return done[-1] >= frames


def memory(cast: Cast, audio: Path, hours: float, plot: Path) -> Rows:
    """Plot the resident memory during a video of several hours."""
    long, seen = cast.folder / "hours.wav", []
    speech, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    with soundfile.SoundFile(long, "w", rate, 1) as file:
        while file.frames < hours * 3600 * rate:
            file.write(speech[:, 0])
    maker = cast.maker(long, mode="avatar", fps=MEMORY_FPS, preset="ultrafast")

    def shown(done: int) -> None:
        if done % MEMORY_EVERY == 0:
            seen.append((done / MEMORY_FPS / 60, _resident()))

    maker.write(cast.folder / "hours.mp4", shown)
    minutes, megabytes = np.array(seen).T
    curves = Curves("memory", minutes, {"resident memory": megabytes}, "minutes of speech", "MB")
    Image.fromarray(draw_curves(curves)).save(plot, optimize=True)
    first, last = (float(np.median(part)) for part in np.array_split(megabytes[len(megabytes) // 10 :], 2))
    text = f"{first:.0f} and {last:.0f} MB, {megabytes.max():.0f} at the most"
    return [(f"{hours:g} h of speech: median memory of the first half and of the second", text)]


def _resident() -> float:
    """Resident memory of this process, MB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main() -> None:
    """Print the selected rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("name")
    parser.add_argument("what", nargs="+", choices=("dub", "neck", "speed", "memory"))
    parser.add_argument("--frames", help="<first>-<last> frame of the dub; default: the held-out frames")
    parser.add_argument("--audio", type=Path, help="speech of neck, speed and memory; default: the sound of the clip")
    parser.add_argument("--experiment", help="experiment of the bundles; default: the newest")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the speech of memory")
    parser.add_argument("--plot", type=Path, default=Path("film_memory.png"), help="file of the memory plot")
    asked = parser.parse_args()
    cast = Cast(asked.runs.absolute(), asked.name, asked.experiment)
    span = cast.clip.test_range
    if asked.frames:
        first, last = map(int, asked.frames.split("-"))
        span = range(first, last + 1)
    audio = asked.audio or cast.clip.folder / "audio.wav"
    parts = {
        "dub": partial(dub, cast, span),
        "neck": partial(neck, cast, audio),
        "speed": partial(speed, cast, audio),
        "memory": partial(memory, cast, audio, asked.hours, asked.plot),
    }
    for what in asked.what:
        print("\n".join(f"| {name} | {value} |" for name, value in parts[what]()), flush=True)


if __name__ == "__main__":
    main()
