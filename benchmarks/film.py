"""What a film has to show: held-out dub, hand, seam, neck, jitter, speed, memory; rows for docs/inference.md.

python benchmarks/film.py runs demo dub neck speed
python benchmarks/film.py runs demo dub --frames 380-614
python benchmarks/film.py runs me memory --plot docs/images/film_memory.png

Bundles of the clip have to be there (train it first); films are written to `runs/<name>/film_bench`.
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
"""Of the film of an hour: the speech is heard in full, the pictures are fewer."""
MEMORY_EVERY = 40
"""Frames between two looks at the memory."""

Rows = list[tuple[str, str]]


def speed(cast: Cast, audio: Path) -> Rows:
    """Milliseconds of every part for a frame, in both modes, and how much of the time the slowest is at work."""
    rows, (width, height) = [], cast.clip.size
    for mode in ("dub", "avatar"):
        done = [0]
        film = cast.maker(audio, mode=mode).write(
            cast.folder / f"speed_{mode}.mp4", done.append, partial(_enough, done, SPEED_FRAMES)
        )
        if film is not None:
            parts = ", ".join(f"{part} {value:.0f}" for part, value in film.milliseconds.items())
            rows.append((f"{mode} {width}x{height}", f"{parts}; slowest thread at work {100 * film.busiest:.0f} %"))
    return rows


def _enough(done: list[int], frames: int) -> bool:
    return done[-1] >= frames


def memory(cast: Cast, audio: Path, hours: float, plot: Path) -> Rows:
    """Resident memory over a film of hours, drawn."""
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
    """Megabytes of memory in use now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main() -> None:
    """Print the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("name")
    parser.add_argument("what", nargs="+", choices=("dub", "neck", "speed", "memory"))
    parser.add_argument("--frames", help="<first>-<last> of the dub; the held-out ones by default")
    parser.add_argument("--audio", type=Path, help="speech of all but the dub; the clip's own by default")
    parser.add_argument("--experiment", help="whose bundles; the newest by default")
    parser.add_argument("--hours", type=float, default=1.0, help="of memory")
    parser.add_argument("--plot", type=Path, default=Path("film_memory.png"), help="where memory is drawn")
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
