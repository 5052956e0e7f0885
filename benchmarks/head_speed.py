r"""Quality, flicker and speed of hardware.render=fast against full, over all held-out frames.

    OMP_NUM_THREADS=2 NUMBA_NUM_THREADS=2 python benchmarks/head_speed.py <bundle of radnerf_head> runs/<name>/clip

The bundle must be trained with model.distill=true. Times are the minimum of several calls. Memory is the peak of the
process. --sheet writes an image: footage | full | fast | difference of both x 4.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.batch import FrameBatch, head_masks
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.inference import HeadRenderer

BATCH = 4
"""Frames per call, as in infer."""
FIGURES = {"psnr": "head", "psnr_face": "face", "psnr_mouth": "mouth"}
SHOWN = (0.05, 0.35, 0.65, 0.95)
"""Positions of the sheet's frames within the held-out frames."""


@dataclass
class Tally:
    """Errors of one setting over the held-out frames."""

    errors: dict[str, list[float]] = field(default_factory=lambda: {name: [0.0, 0.0] for name in FIGURES})
    changes: list[float] = field(default_factory=list)
    """Per frame: root mean square of the change since the previous frame minus the change in the footage."""
    pictures: list[np.ndarray] = field(default_factory=list)
    last: tuple[np.ndarray, np.ndarray] | None = None

    def add(self, batch: FrameBatch, rgb: torch.Tensor, alpha: torch.Tensor) -> None:
        """Add one frame, composited over the true background."""
        truth = (batch.rgb / 255).numpy()
        picture = (rgb + (1 - alpha[..., None]) * (batch.plate / 255)).numpy()
        for name, mask in head_masks(batch).items():
            inside = mask.numpy()
            self.errors[name][0] += float(np.square(picture[inside] - truth[inside]).sum())
            self.errors[name][1] += inside.sum() * 3
        head = head_masks(batch)["psnr"].numpy()
        if self.last is not None:
            unlike = (picture - self.last[0]) - (truth - self.last[1])
            self.changes.append(float(np.sqrt(np.square(unlike[head]).mean())))
        self.last = picture, truth
        self.pictures.append(picture)

    def row(self) -> list[str]:
        """PSNR of each region, dB, and the flicker, in 1/255."""
        values = [-10 * np.log10(error / count) for error, count in self.errors.values()]
        return [*(f"{value:.2f}" for value in values), f"{255 * float(np.mean(self.changes)):.2f}"]


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("bundle", type=Path)
    options.add_argument("clip", type=Path)
    options.add_argument("--rounds", type=int, default=10, help="number of timed calls")
    options.add_argument("--settings", default="full,fast")
    options.add_argument("--times-only", action="store_true")
    options.add_argument("--sheet", type=Path)
    asked = options.parse_args()
    tallies = {}
    print(f"| setting | {' | '.join(FIGURES.values())} | flicker | ms per frame | frames/s |\n|" + "---|" * 7)
    for setting in asked.settings.split(","):
        renderer = HeadRenderer.from_bundle(asked.bundle, render=setting)
        data = open_data(renderer, asked.clip)
        shown = ["-"] * 4
        if not asked.times_only:
            tallies[setting] = measure(renderer, data)
            shown = tallies[setting].row()
        seconds = fastest(renderer, data, asked.rounds if setting == "fast" else 2)
        print(f"| {setting} | {' | '.join(shown)} | {seconds * 1e3:.1f} | {1 / seconds:.1f} |", flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if asked.sheet is not None and len(tallies) > 1:
        write_sheet(asked.sheet, data, *(tally.pictures for tally in tallies.values()))


def open_data(renderer: HeadRenderer, clip: Path) -> HeadData:
    """The clip on the bundle's canvas."""
    spec = renderer.bundle.facts.frame_spec.model_dump()
    spec["offset"] = tuple(spec["offset"])
    data = HeadData(clip, FrameSpec(**spec))
    data.prepare_data()
    data.setup("fit")
    return data


def rendered(renderer: HeadRenderer, data: HeadData, frames: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Render frames of the clip with the clip's motion and the bundle's poses."""
    raw = np.nan_to_num(data.model.condition68(data.subject.identity, data.subject.expression))
    poses = (values[frames] for values in renderer.source_poses)
    with torch.inference_mode():
        return renderer.render(raw, data.raw_eye, *poses, frames, clamp=False)


def measure(renderer: HeadRenderer, data: HeadData) -> Tally:
    """Quality and flicker over all held-out frames."""
    tally = Tally()
    for start in range(0, len(data.test_frames), BATCH):
        frames = data.test_frames[start : start + BATCH]
        for t, rgb, alpha in zip(frames, *rendered(renderer, data, frames), strict=True):
            tally.add(data.frame_batch(int(t)), rgb, alpha)
    return tally


def fastest(renderer: HeadRenderer, data: HeadData, rounds: int) -> float:
    """Seconds per frame of the fastest of several calls, after one warm-up call."""
    frames, times = data.test_frames[:BATCH], []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        rendered(renderer, data, frames)
        times.append((time.perf_counter() - start) / len(frames))
    return min(times[1:])


def write_sheet(path: Path, data: HeadData, full: list[np.ndarray], fast: list[np.ndarray]) -> None:
    """Write an image with footage, both settings and their difference for some held-out frames."""
    rows = []
    for share in SHOWN:
        i = int(share * len(full))
        truth = data.crops.rgb[data.test_frames[i]] / 255
        rows.append(np.concatenate([truth, full[i], fast[i], np.abs(full[i] - fast[i]) * 4], 1))
    picture = (np.clip(np.concatenate(rows), 0, 1) * 255).round().astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
