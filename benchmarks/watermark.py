"""Measure the invisible mark: `python benchmarks/watermark.py FILM ...` prints the tables of docs/provenance.md.

Clean frames give the curve of false alarms, marked ones the scores after encoding, scaling and cropping, once with the
whole frame marked and once with a region as large as the lower face of a dub.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from beavervision.compositing.watermark import PUBLIC_KEY, Watermark, phases
from beavervision.provenance.watermark import FRAMES, best_score, detect_in, folded, whitened
from beavervision.synthetic.ground_truth import actor_video
from beavervision.video.decode import read_frames

CLEAN = 1000
"""Number of clean frames, over all films."""
LEVELS = (4.0, 4.5, 5.0, 5.5, 6.0)
"""Scores of the false alarm curve; a trial is one key on one frame at scale 1."""
MARKED = 32
"""Number of marked frames of each film, in succession."""
REGION = 0.16
"""Height of the region of a dub, in frame heights; its width is 1.2 times that."""

Pictures = list[np.ndarray]


def encoded(frames: Pictures, bits: float | None = None, crf: int = 18) -> tuple[Pictures, float]:
    """Encode as H.264 with a constant quality, or with `bits` per second; return the frames and bits per second."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "film.mp4"
        with av.open(str(path), "w") as film:
            stream = film.add_stream("libx264", 25, {"preset": "veryfast"} | ({} if bits else {"crf": str(crf)}))
            stream.height, stream.width = (n - n % 2 for n in frames[0].shape[:2])
            stream.pix_fmt = "yuv420p"
            if bits:
                stream.bit_rate = round(bits)
            for rgb in frames:
                even = np.ascontiguousarray(rgb[: stream.height, : stream.width])
                film.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            film.mux(stream.encode(None))
        return [frame.rgb for frame in read_frames(path)], path.stat().st_size * 8 * 25 / len(frames)


def fates(film: Pictures, bits: float) -> Iterator[tuple[str, Pictures]]:
    """What happens to a film after it was made; each is encoded again at half the bit rate."""
    height, width = film[0].shape[:2]
    yield "as written (crf 18)", film
    yield "half the bit rate", encoded(film, bits / 2)[0]
    half = [cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for rgb in film]
    yield "half the size, then half the bit rate of that", encoded(half, encoded(half)[1] / 2)[0]
    top, left = height // 20, width // 20
    cropped = [np.ascontiguousarray(rgb[top : height - top, left : width - left]) for rgb in film]
    yield "cropped by 10 %, half the bit rate", encoded(cropped, bits / 2)[0]
    small = [cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for rgb in cropped]
    yield "cropped by 10 %, half the size, half the bit rate", encoded(small, encoded(small)[1] / 2)[0]


def region_source(frame: np.ndarray) -> np.ndarray:
    """A frame that differs from the given one in a region of the size of a lower face, a little below the middle."""
    height, width = frame.shape[:2]
    half = REGION * height / 2
    top, bottom = round(0.5 * height), round(0.5 * height + 2 * half)
    left, right = round(width / 2 - 1.2 * half), round(width / 2 + 1.2 * half)
    source = frame.copy()
    source[top:bottom, left:right] ^= 1
    return source


def false_alarms(films: list[Path]) -> None:
    """Print the share of clean frames above each score, beside its bound."""
    wanted, scores = phases(PUBLIC_KEY), []
    for film in films:
        frames = islice(read_frames(film), CLEAN // len(films))
        scores += [best_score(folded(whitened(frame.rgb), 1.0), wanted) for frame in frames]
    found = np.array(scores)
    print(f"{len(found)} clean frames of {len(films)} films, highest score {found.max():.2f}")
    for level in LEVELS:
        bound = min(1.0, 128 * 128 * np.exp(-(level**2) / 2))
        print(f"| {level} | {(found > level).mean():.4f} | {bound:.4f} |")


def detection(film: Path) -> None:
    """Print the scores of a marked film after each fate, and what the mark costs."""
    clean = [frame.rgb for frame in islice(read_frames(film, start=1.0), MARKED)]
    height, width = clean[0].shape[:2]
    mark = Watermark((width, height))
    begun = time.process_time()
    whole = [mark.embed(rgb) for rgb in clean]
    cost = 1000 * (time.process_time() - begun) / len(clean)
    part = [mark.embed(rgb, region_source(rgb)) for rgb in clean]
    error = np.mean([np.square(a.astype(np.float32) - b).mean() for a, b in zip(whole, clean, strict=True)])
    print(f"{film.stem} {width}x{height}: PSNR {10 * np.log10(255**2 / error):.1f} dB, {cost:.1f} ms a frame (CPU)")
    for name, marked in (("whole frame", whole), ("lower face", part)):
        written, bits = encoded(marked)
        for fate, frames in fates(written, bits):
            found = [detect_in(islice(frames, 0, None, max(1, len(frames) // n))) for n in (1, FRAMES)]
            shown = " | ".join(f"{one.score:.1f} ({'found' if one.found else 'not found'})" for one in found)
            print(f"| {name} | {fate} | {shown} |", flush=True)


def main() -> None:
    """Measure the films of the command line, or the synthetic actor."""
    films = [Path(name) for name in sys.argv[1:]] or [actor_video()]
    false_alarms(films)
    for film in films:
        detection(film)


if __name__ == "__main__":
    main()
