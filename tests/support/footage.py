"""Small footage for tests, made with PyAV alone."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_footage(path: Path, seconds=1.0, size=(64, 48), picture_at=0.0, click_at=None, sound_at=0.0) -> Path:
    """A grey video; with `click_at`, a sound that begins at `sound_at` and clicks at `click_at` seconds (file time)."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("h264", 25)
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        picture.codec_context.time_base = Fraction(1, 1000)
        sound = None if click_at is None else container.add_stream("pcm_s16le", 16_000)
        if sound:
            sound.codec_context.layout = "mono"
        for i in range(round(25 * seconds)):
            grey = np.full((size[1], size[0], 3), 60 + i, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(1000 * (picture_at + i / 25)), Fraction(1, 1000)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if sound:
            samples = np.zeros((1, round(16_000 * (seconds + picture_at - sound_at))), np.int16)
            samples[0, round(16_000 * (click_at - sound_at)) :][:160] = 20_000
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, round(16_000 * sound_at), Fraction(1, 16_000)
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path
