"""Make the film of the first docs page from the demo's dub: `python scripts/docs_film.py runs/demo/report/dub.mp4`.

The footage is on the left, the dub with its new speech on the right: docs/assets/film.mp4, and its poster film.jpg.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from beavervision.synthetic import actor_video

ASSETS = Path(__file__).resolve().parents[1] / "docs" / "assets"
CROP, SIDE = (240, 0, 960, 720), 448
"""The actor in the frame of 1280x720: x0, y0, x1, y1; and the side of each half, px."""
GAP, FPS, CRF = 8, 25, "27"
POSTER = 89
"""Frame of the poster: a shut mouth that speaks a wide vowel in the dub."""


def half(picture: Image.Image) -> np.ndarray:
    """Return the actor of one frame, scaled: uint8 [SIDE, SIDE, 3]."""
    return np.asarray(picture.crop(CROP).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def pairs(dub: Path) -> Iterator[np.ndarray]:
    """Yield footage and dub side by side, frame by frame."""
    gap = np.full((SIDE, GAP, 3), 255, np.uint8)
    with av.open(str(actor_video())) as left, av.open(str(dub)) as right:
        for footage, film in zip(left.decode(video=0), right.decode(video=0), strict=False):
            yield np.concatenate([half(footage.to_image()), gap, half(film.to_image())], axis=1)


def write(dub: Path, path: Path) -> None:
    """Encode the pairs with the sound of the dub; small, because it lies in the repository."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out, av.open(str(dub)) as source:
        video = out.add_stream("libx264", rate=FPS, options={"crf": CRF, "preset": "veryslow"})
        video.width, video.height, video.pix_fmt = 2 * SIDE + GAP, SIDE, "yuv420p"
        rate = source.streams.audio[0].rate
        sound = out.add_stream("aac", rate=rate, layout="mono", bit_rate=48_000)
        for number, pair in enumerate(pairs(dub)):
            if number == POSTER:
                Image.fromarray(pair).save(path.with_suffix(".jpg"), quality=85)
            frame = av.VideoFrame.from_ndarray(pair, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        resampler = av.AudioResampler("fltp", "mono", rate)
        for packet in source.decode(audio=0):
            for frame in resampler.resample(packet):
                out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


if __name__ == "__main__":
    ASSETS.mkdir(exist_ok=True)
    write(Path(sys.argv[1]), ASSETS / "film.mp4")
