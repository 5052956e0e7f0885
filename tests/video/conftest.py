from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

STEP = 8
"""Frame i of the footage made here is grey of level STEP * (i + 1): a decoded frame tells its number."""


@pytest.fixture
def make_video(tmp_path):
    """Return a function that encodes frames of given times with PyAV, nothing of ours."""

    def make(
        name: str,
        times: list[float],
        *,
        rate=25,
        size=(64, 48),
        codec="h264",
        pix_fmt="yuv420p",
        rotation=None,
        pixel_ratio=None,
        audio: tuple[float, float] | None = None,
        pictures=None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate, {"crf": "4"} if codec != "ffv1" else None)
            stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
            stream.codec_context.time_base = Fraction(1, 3000)
            if pixel_ratio:
                stream.codec_context.sample_aspect_ratio = pixel_ratio
            if rotation:
                stream.set_display_rotation(rotation)
            sound = container.add_stream("aac", 16_000) if audio else None
            if sound:
                sound.codec_context.layout = "mono"
            for i, time in enumerate(times):
                picture = pictures[i] if pictures else np.full((size[1], size[0], 3), STEP * (i + 1), np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
                frame.pts, frame.time_base = round(time * 3000), Fraction(1, 3000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            if sound:
                begin, length = audio
                for k in range(int(length * 16_000) // 1024):
                    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                    frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
                    frame.pts = round(begin * 16_000) + 1024 * k
                    container.mux(sound.encode(frame))
                container.mux(sound.encode(None))
        return path

    return make
