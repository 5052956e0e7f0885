"""Films of many kinds, encoded with PyAV and nothing of ours; each picture is a little brighter than the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLOCK = Fraction(1, 3000)
FRAME = Fraction(1, 25)
X265 = "keyint=12:open-gop=1:bframes=3:scenecut=0:log-level=none"


@dataclass(frozen=True)
class Film:
    """What to encode."""

    name: str
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    uneven: bool = False
    begin: float = 0.0
    """Seconds at which the picture begins."""
    sound: tuple[str, float] | None = None
    """Codec and begin in seconds."""
    clock: Fraction = CLOCK
    n: int = 75
    seeks: bool = True
    """Whether a later start need not read everything before it."""

    def times(self) -> list[float]:
        """Seconds of the pictures."""
        if not self.uneven:
            return [self.begin + i / 25 for i in range(self.n)]
        gaps = np.random.default_rng(1).choice([0.02, 0.033, 0.04, 0.08], self.n - 1)
        return [self.begin, *(self.begin + np.cumsum(gaps)).tolist()]


GROUPS = {"g": "12", "bf": "3"}
FILMS = (
    Film("h264.mp4", options=GROUPS),
    Film("h264_uneven.mp4", options=GROUPS, uneven=True),
    Film("h264_open.mp4", options={"g": "12", "x264-params": "open-gop=1:bframes=3:b-pyramid=2:scenecut=0"}),
    Film("h264_open.mkv", options={"g": "12", "x264-params": "open-gop=1:bframes=3:scenecut=0"}, uneven=True),
    Film("h264_refresh.mkv", options={"g": "12", "x264-params": "intra-refresh=1"}, seeks=False),
    Film("h264_long_group.mov", options={"g": "60", "bf": "3"}, begin=0.2),
    Film("h264_late_sound.mp4", options=GROUPS, sound=("aac", 0.5)),
    Film("h264_early_sound.mov", options=GROUPS, begin=0.5, sound=("aac", 0.0)),
    Film("h264_early_sound.mkv", options=GROUPS, begin=0.5, sound=("libopus", 0.0)),
    Film("h264.ts", options=GROUPS, sound=("aac", 0.1)),
    Film("h264.avi", options=GROUPS, clock=FRAME, seeks=False),
    Film("hevc_open.mp4", "libx265", {"x265-params": X265}, "yuv420p10le"),
    Film("hevc_open.mkv", "libx265", {"x265-params": X265}, uneven=True),
    Film("vp9.webm", "libvpx-vp9", {"g": "12", "cpu-used": "8", "lag-in-frames": "12"}, uneven=True),
    Film("vp8.webm", "libvpx", {"g": "12", "cpu-used": "8", "deadline": "realtime"}),
    Film("av1.mp4", "libsvtav1", {"g": "12", "preset": "12"}),
    Film("av1.webm", "libsvtav1", {"g": "12", "preset": "12"}, uneven=True),
    Film("mpeg4.avi", "mpeg4", {"g": "12"}, clock=FRAME),
    Film("mpeg4_b.avi", "mpeg4", GROUPS, clock=FRAME, seeks=False),
    Film("mpeg4_b.mp4", "mpeg4", GROUPS, uneven=True),
    Film("mpeg2.mpg", "mpeg2video", {"g": "12", "bf": "2"}, clock=FRAME, seeks=False),
    Film("mjpeg.avi", "mjpeg", pix_fmt="yuvj420p", clock=FRAME),
    Film("prores.mov", "prores_ks", pix_fmt="yuv422p10le"),
    Film("ffv1.mkv", "ffv1", {"g": "12", "level": "3"}, "yuv444p", uneven=True),
)  # fmt: skip


def picture(index: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Picture number `index`: a slowly drifting pattern with fine grain, two levels brighter each time."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    grain = np.random.default_rng(0).integers(0, 12, (size[1], size[0], 3))
    drift = [np.sin((x + 0.7 * index) / 9), np.cos((y + 0.3 * index) / 7), np.sin((x + y + index) / 11)]
    return np.clip(30 + 2 * index + 25 * np.stack(drift, axis=-1) + grain, 0, 255).astype(np.uint8)


def make(folder: Path, film: Film) -> Path:
    """Encode a film into `folder`."""
    path = folder / film.name
    with av.open(str(path), "w") as container:
        stream = container.add_stream(film.codec, 25, film.options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, film.pix_fmt
        stream.codec_context.time_base = film.clock
        if film.codec.startswith(("mpeg", "mjpeg")):
            stream.bit_rate = 400_000  # theirs would be lost in blocks
        packets = []
        sound = container.add_stream(film.sound[0], 48_000) if film.sound else None
        if sound:
            sound.codec_context.layout = "mono"
        for i, time in enumerate(film.times()):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24").reformat(format=film.pix_fmt)
            frame.pts, frame.time_base = round(time / film.clock), film.clock
            packets += stream.encode(frame)
        packets += stream.encode(None)
        if sound:
            packets += _silence(sound, film.sound[1], film.n / 25)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            container.mux(packet)
    return path


def _silence(stream: av.AudioStream, begin: float, seconds: float) -> list[av.Packet]:
    packets = []
    size = stream.codec_context.frame_size or 1024
    for k in range(int(seconds * 48_000) // size):
        plane = np.zeros((1, size), np.float32)
        flat = stream.codec_context.format.name == "flt"
        frame = av.AudioFrame.from_ndarray(plane, format="flt" if flat else "fltp", layout="mono")
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
        frame.pts = round(begin * 48_000) + size * k
        packets += stream.encode(frame)
    return packets + stream.encode(None)
