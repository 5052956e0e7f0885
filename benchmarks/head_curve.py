"""Head quality against training time: one training per number of minutes, measured on held-out frames.

    python benchmarks/head_curve.py data=myvideo data.name=german paths.runs=/tmp/runs --minutes 1 5 15

The clip must be prepared. Other arguments are passed to train.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- head curve: begin -->", "<!-- head curve: end -->"
MINUTES = (1.0, 3.0, 5.0, 15.0)
CANVAS = ("frame=1x1", "frame.height=256", "datamodule.val_frames=null")
"""Settings of issue 5: 256 x 256, all held-out frames."""
FOREVER = 1_000_000
"""Step limit that no run reaches, so that the time limit ends the run."""
COLUMNS = {"val/psnr": "head", "val/psnr_face": "face", "val/psnr_mouth": "mouth box",
           "val/psnr_fast": "head, fast", "val/psnr_mouth_fast": "mouth box, fast"}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """Result of one training."""

    minutes: float
    figures: dict[str, float]

    def cells(self) -> list[str]:
        """Cells of the row."""
        measured = [f"{self.figures[name]:.2f}" if name in self.figures else "" for name in COLUMNS]
        return [f"{self.minutes:g}", f"{self.figures['steps']:.0f}", *measured]


def train(minutes: float, overrides: list[str]) -> Point:
    """Train a head for the given minutes from random weights; return the held-out metrics of its bundle."""
    seconds = round(minutes * 60)
    limit = f"trainer.max_time={seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    schedule = [f"schedule.max_steps={FOREVER}", f"schedule.val_every={FOREVER}", limit]
    # A separate folder per length, without resuming: otherwise a longer limit would resume the shorter run.
    place = [f"run.slug=curve_{seconds}s", "resume=false", "logger=csv"]
    command = [sys.executable, "train.py", "model=radnerf_head", *CANVAS, *schedule, *place, *overrides]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"trained: (.+?)  \(", told)
    if found is None:
        raise SystemExit(f"{' '.join(command)} left no bundle:\n{told}")
    figures = json.loads((ROOT / found[1] / "metrics.json").read_text(encoding="utf-8"))
    return Point(minutes, figures)


def table(points: list[Point]) -> str:
    """The points as Markdown."""
    rows = [["minutes", "steps", *COLUMNS.values()], ["---"] * (2 + len(COLUMNS)), *(point.cells() for point in points)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine() -> str:
    """Commit and versions."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return f"commit {commit.stdout.strip()}, Python {platform.python_version()}, torch {version('torch')}"


def write(points: list[Point]) -> None:
    """Write the table between its markers in the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    told = f"{BEGIN}\n{machine()}; dB over all held-out frames.\n\n{table(points)}\n{END}"
    PAGE.write_text(before + told + after, encoding="utf-8")


def main() -> None:
    """Train for each number of minutes and write the table to docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=MINUTES)
    options, overrides = parser.parse_known_args()
    points = []
    for minutes in options.minutes:
        points.append(train(minutes, overrides))
        print(table(points), flush=True)
    write(points)


if __name__ == "__main__":
    main()
