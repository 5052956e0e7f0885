"""Growth of a film's cost with the size of the picture: what decoding, a changed box and encoding take, 270p to 4K.

python benchmarks/film_growth.py VIDEO --plot docs/images/film_growth.png

The video is scaled to each size. A box of fixed size changes in every frame, as a drawn face of 192 px does; drawing it
does not depend on the picture's size and is left out. CPU time of all threads, ms a frame.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from beavervision.stages.visualization.media import Curves
from beavervision.stages.visualization.plot import draw_curves
from beavervision.video.decode import read_frames
from beavervision.video.encode import VideoWriter
from beavervision.video.planar_picture import stored_matrix

ROWS = (270, 360, 540, 720, 1080, 1440, 2160)
SIDE = 192
"""Side of the box that changes, px."""


def scaled(video: Path, rows: int, frames: int, path: Path) -> Path:
    """Write the first frames of a video at another height."""
    writer = None
    for frame in read_frames(video):
        if frame.index >= frames:
            break
        height, width, _ = frame.rgb.shape
        size = (round(width * rows / height / 2) * 2, rows)
        writer = writer or VideoWriter(path, *size, 25, preset="veryfast")
        writer.write(cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA))
    assert writer is not None, "a video has frames"
    with writer:
        pass
    return path


def cost(video: Path, preset: str) -> dict[str, float]:
    """CPU time of each part, ms a frame; measured one after the other, because decoder and encoder work ahead."""
    matrix = stored_matrix(video)
    assert matrix is not None, "written by VideoWriter"
    rng = np.random.default_rng(0)
    patch = cv2.GaussianBlur(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8), (0, 0), 4)
    marks = [time.process_time()]
    pictures = [frame.picture for frame in read_frames(video, stored=True)]
    marks.append(time.process_time())
    width, height = pictures[0].size
    box = ((width - SIDE) // 2, (height - SIDE) // 2, (width + SIDE) // 2, (height + SIDE) // 2)
    pictures[0].with_part(patch, box)  # kernels are compiled or loaded here
    start = time.process_time()
    made = [one.with_part(cv2.addWeighted(one.part(box), 0.5, patch, 0.5, 0), box) for one in pictures]
    marks.append(marks[-1] + time.process_time() - start)
    start = time.process_time()
    with VideoWriter(video.with_suffix(".out.mp4"), width, height, 25, preset=preset, matrix=matrix) as writer:
        for picture in made:
            writer.write(picture)
    marks.append(marks[-1] + time.process_time() - start)
    names = ("decode", "changed box", f"encode, {preset}")
    return {name: 1e3 * seconds / len(made) for name, seconds in zip(names, np.diff(marks).tolist(), strict=True)}


def main() -> None:
    """Print the table and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--preset", default="live")
    parser.add_argument("--plot", type=Path, default=Path("film_growth.png"))
    asked = parser.parse_args()
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            video = scaled(asked.video, rows, asked.frames, Path(folder) / f"{rows}.mp4")
            costs.append(cost(video, asked.preset))
            print(f"| {rows} | " + " | ".join(f"{value:.1f}" for value in costs[-1].values()) + " |", flush=True)
    curves = {name: np.array([one[name] for one in costs]) for name in costs[0]}
    title = "CPU time of a frame against the picture's rows"
    picture = draw_curves(Curves(title, np.array(ROWS, float), curves, "rows of the picture", "ms"))
    Image.fromarray(picture).save(asked.plot, optimize=True)


if __name__ == "__main__":
    main()
