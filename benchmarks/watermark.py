"""Measure the invisible mark: `python benchmarks/watermark.py FILM[@X,Y] ...` prints the tables of docs/provenance.md.

Clean frames give the curve of false alarms. Marked ones give the scores after encoding, scaling and cropping: the whole
frame marked and with regions as large as the lower face of a dub. Their centre is (X, Y), in shares of the frame's
width and height.
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

from beavervision.compositing.watermark import DUB_STRENGTH, PUBLIC_KEY, Watermark, phases
from beavervision.provenance.watermark import best_score, detect_in, folded, whitened
from beavervision.synthetic.ground_truth import actor_video
from beavervision.video.decode import read_frames

CLEAN = 1000
"""Number of clean frames, over all films."""
LEVELS = (4.0, 4.5, 5.0, 5.5, 6.0)
"""Scores of the false alarm curve; a trial is one key on one frame at scale 1."""
MARKED = 160
"""Number of marked frames of each film, in succession."""
COUNTS = (1, 32, MARKED)
"""Numbers of examined frames, evenly spaced."""
REGIONS = (0.2, 0.12)
"""Heights of the region of a dub, in frame heights; its width is 1.2 times that."""

CENTRE = (0.5, 0.49)
"""Centre of the region, in shares of the frame's width and height: the mouth of the synthetic actor."""

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


def region_source(frame: np.ndarray, region: float, centre: tuple[float, float]) -> np.ndarray:
    """A frame that differs from the given one in a region of the size of a lower face."""
    height, width = frame.shape[:2]
    x, y, half = centre[0] * width, centre[1] * height, region * height / 2
    source = frame.copy()
    source[round(y - half) : round(y + half), round(x - 1.2 * half) : round(x + 1.2 * half)] ^= 1
    return source


def false_alarms(films: list[Path]) -> None:
    """Print the share of clean frames above each score, beside its bound."""
    wanted, scores = phases(PUBLIC_KEY), []
    for i, film in enumerate(films):
        frames = islice(read_frames(film), (CLEAN - len(scores)) // (len(films) - i))
        scores += [best_score(folded(whitened(frame.rgb), 1.0), wanted) for frame in frames]
    found = np.array(scores)
    print(f"{len(found)} clean frames of {len(films)} films, highest score {found.max():.2f}")
    for level in LEVELS:
        bound = min(1.0, 128 * 128 * np.exp(-(level**2) / 2))
        print(f"| {level} | {(found > level).mean():.4f} | {bound:.4f} |")


def detection(film: Path, centre: tuple[float, float] = CENTRE) -> None:
    """Print the scores of a marked film after each fate, and what the mark costs."""
    clean = [frame.rgb for frame in islice(read_frames(film, start=1.0), MARKED)]
    height, width = clean[0].shape[:2]
    mark = Watermark((width, height))
    begun = time.process_time()
    whole = [mark.embed(rgb) for rgb in clean]
    cost = 1000 * (time.process_time() - begun) / len(clean)
    error = np.mean([np.square(a.astype(np.float32) - b).mean() for a, b in zip(whole, clean, strict=True)])
    print(f"{film.stem} {width}x{height}: PSNR {10 * np.log10(255**2 / error):.1f} dB, {cost:.1f} ms a frame (CPU)")
    _print_scores("whole frame", whole)
    stronger = Watermark((width, height), strength=DUB_STRENGTH)
    for region in REGIONS:
        part = [stronger.embed(rgb, region_source(rgb, region, centre)) for rgb in clean]
        _print_scores(f"{region} by {1.2 * region:.2f} frame heights", part)


def _print_scores(name: str, marked: Pictures) -> None:
    for fate, frames in fates(*encoded(marked)):
        found = [detect_in(islice(frames, 0, None, max(1, len(frames) // n))) for n in COUNTS]
        shown = " | ".join(f"{one.score:.1f} ({'found' if one.found else 'not found'})" for one in found)
        print(f"| {name} | {fate} | {shown} |", flush=True)


def main() -> None:
    """Measure the films of the command line, or the synthetic actor."""
    films = dict(_film_and_centre(name) for name in sys.argv[1:] or [str(actor_video())])
    false_alarms(list(films))
    for film, centre in films.items():
        detection(film, centre)


def _film_and_centre(name: str) -> tuple[Path, tuple[float, float]]:
    path, _, centre = name.partition("@")
    x, _, y = centre.partition(",")
    return Path(path), (float(x), float(y)) if centre else CENTRE


if __name__ == "__main__":
    main()
