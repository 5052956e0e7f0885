"""Prepare the torture set and the included actor, and write the accuracy against ground truth: `make torture`."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from machine import ROOT, measured_with
from PIL import Image

from beavervision.artifacts.clip import Clip
from beavervision.preprocess import PrepareOptions, prepare
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.ground_truth import actor_truth, actor_video
from beavervision.synthetic.script import clip_performance
from beavervision.synthetic.torture.evaluation import Score, measure
from beavervision.synthetic.torture.render import render_scene
from beavervision.synthetic.torture.rendered_scene import Recording
from beavervision.synthetic.torture.scenes import FPS, SCENES

PAGE, SHEET = ROOT / "docs" / "explanation" / "preparation.md", ROOT / "docs" / "images" / "torture.png"
BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"
ACTOR_STEP = 25
"""Interval of the frames of the included actor whose label maps are rendered again for comparison."""
CELL = 150
"""Height of an image on the sheet, px."""
SHEET_WIDTH = 1500
"""Width of the sheet, px."""
TINTS = np.array(
    [(0, 0, 0), (160, 90, 30), (250, 200, 160), (200, 110, 110), (40, 90, 170), (60, 220, 60), (220, 40, 220)]
)
"""Colour of each label on the sheet."""
HEADINGS = ("clip", "landmarks % median", "p95", "rotation °", "jaw r", "head IoU", "hand IoU", "occlusion F1",
            "visibility errors", "switches", "found", "sound ms", "s")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One clip of the table."""

    name: str
    score: Score
    seconds: float
    clip: Clip

    def cells(self) -> list[str]:
        """Cells of the row."""
        s = self.score
        numbers = [
            (s.landmarks_median, ".2f"), (s.landmarks_p95, ".1f"), (s.rotation_median, ".2f"), (s.jaw, ".3f"),
            (s.head_iou, ".3f"), (s.hand_iou, ".2f"), (s.occlusion_f1, ".2f"), (s.visibility_errors, "d"),
            (s.switches, "d"), (s.found, ".3f"), (s.sound_lag, ".0f"), (self.seconds, ".0f"),
        ]  # fmt: skip
        return [self.name, *("" if np.isnan(value) else format(value, how) for value, how in numbers)]


def scene_rows(out: Path, wanted: list[str]) -> Iterator[Row]:
    """Render missing scenes, prepare every video of every scene, and measure it."""
    for scene in SCENES:
        if wanted and scene.name not in wanted:
            continue
        folder = out / "scenes" / scene.name
        recording = Recording.load(folder) if folder.exists() else render_scene(scene, folder)
        people = range(len(recording.people))
        for reel in recording.videos:
            began = perf_counter()
            # The last frame of footage with a variable frame rate may extend beyond the end of the scene.
            end = recording.people[0].n_frames / FPS
            options = PrepareOptions(reel, end=end, subject="all" if len(people) > 1 else "largest")
            clip = prepare(recording.video(reel), out / "clips" / reel, options)
            seconds = perf_counter() - began
            labels = [partial(recording.labels, person) for person in people]
            score = measure(
                clip, recording.people, labels, cuts=recording.cuts, sound=recording.sound(), everybody=len(people) > 1
            )
            yield Row(reel, score, seconds, clip)


def actor_row(out: Path) -> Row:
    """Row of the included actor. Some of its label maps are rendered again."""
    truth, began = actor_truth(), perf_counter()
    clip = prepare(actor_video(), out / "clips" / "actor", PrepareOptions("actor"))
    seconds = perf_counter() - began
    actor = Actor(actor_identity())
    performance = clip_performance(actor.model, truth.phonemes)

    def labels() -> Iterator[tuple[int, np.ndarray]]:
        for index in range(0, truth.n_frames, ACTOR_STEP):
            yield index, actor.photograph(performance.pose(index)).labels

    return Row("shipped actor (1280x720, 24.6 s)", measure(clip, [truth], [labels]), seconds, clip)


def all_rows(out: Path, wanted: list[str]) -> Iterator[Row]:
    """Rows of the selected scenes; without names, all scenes and the included actor."""
    yield from scene_rows(out, wanted)
    if not wanted:
        yield actor_row(out)


def table(rows: list[Row]) -> str:
    """The rows in Markdown, and the conditions of the measurement."""
    lines = [" | ".join(HEADINGS), " | ".join("---" for _ in HEADINGS), *(" | ".join(row.cells()) for row in rows)]
    made = measured_with("mediapipe", "av", "numpy", "scipy")
    return "\n".join(f"| {line} |" for line in lines) + f"\n\n{made}.\n"


def sheet(rows: list[Row]) -> Image.Image:
    """Two frames of every clip with the detected landmarks and labels."""
    strips = []
    for row in rows:
        seen = np.flatnonzero(row.clip.subjects[0].visible)
        chosen = sorted({int(seen[len(seen) // 3]), int(seen[2 * len(seen) // 3])}) if len(seen) else []
        strips += [_drawn(row.clip, index, rgb) for index, rgb in row.clip.frames(chosen)]
    lines: list[list[np.ndarray]] = [[]]
    for strip in strips:
        if sum(each.shape[1] for each in [*lines[-1], strip]) > SHEET_WIDTH and lines[-1]:
            lines.append([])
        lines[-1].append(strip)
    joined = [np.concatenate(line, axis=1) for line in lines]
    width = max(line.shape[1] for line in joined)
    padded = [np.pad(line, ((0, 4), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in joined]
    return Image.fromarray(np.concatenate(padded)).quantize(256, dither=Image.Dither.NONE)


def _drawn(clip: Clip, index: int, rgb: np.ndarray) -> np.ndarray:
    """A frame with the landmarks of all subjects, next to the frame with the labels of the first subject."""
    labelled = (0.4 * rgb + 0.6 * TINTS[next(clip.labels([index]))[1]]).astype(np.uint8)
    marked = rgb.copy()
    for subject in clip.subjects:
        if subject.visible[index]:
            for x, y in subject.landmarks[index, ::4, :2]:
                cv2.circle(marked, (int(x), int(y)), 2, (0, 255, 0), -1)
    size = (round(rgb.shape[1] * CELL / rgb.shape[0]), CELL)
    return np.concatenate([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (marked, labelled)], axis=1)


def main() -> None:
    """Write the table to docs/explanation/preparation.md, and the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for scenes and clips; existing scenes are reused")
    parser.add_argument("scenes", nargs="*", help="names of scenes; default: all scenes and the actor")
    wanted = parser.parse_args()
    out = wanted.out.absolute()
    shutil.rmtree(out / "clips", ignore_errors=True)  # Cached steps of an earlier preparation would take no time.
    rows = []
    for row in all_rows(out, wanted.scenes):
        rows.append(row)
        print(" | ".join(row.cells()), flush=True)
    written = table(rows)
    print(written)
    sheet(rows).save(out / "torture.png", optimize=True)
    if not wanted.scenes:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + written + END + rest.split(END)[1])
        (out / "torture.png").replace(SHEET)


if __name__ == "__main__":
    main()
