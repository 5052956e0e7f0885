"""Copies of the synthetic actor's film with the faults that footage has: turned, interlaced, with further sound."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.synthetic.ground_truth import actor_video
from beavervision.video.decode import read_frames


def actor_frames(seconds: float, fps: float = 25.0, start: float = 1.0, size: tuple[int, int] = (640, 360)) -> list:
    """Frames of the actor, at reduced size."""
    frames = read_frames(actor_video(), fps, start, start + seconds)
    return [av.VideoFrame.from_ndarray(f.rgb, format="rgb24").reformat(*size).to_ndarray() for f in frames]


def write_film(
    path: Path, frames: Sequence[np.ndarray], tracks: Sequence[np.ndarray] = (), options: dict | None = None
) -> Path:
    """Encode frames at 25 per second, with mono sound tracks at 16 kHz."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", 25, {"crf": "12", "preset": "ultrafast", **(options or {})})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        sounds = [film.add_stream("aac", SAMPLE_RATE) for _ in tracks]
        for sound in sounds:
            sound.codec_context.layout = "mono"
        for rgb in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")))
        film.mux(stream.encode(None))
        for sound, samples in zip(sounds, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            film.mux(sound.encode(frame))
            film.mux(sound.encode(None))
    return path


def interlaced(frames: Sequence[np.ndarray], order: str) -> list[np.ndarray]:
    """Weave pairs of successive frames: lines of the first from the earlier field, the others from the second."""
    woven = []
    for earlier, later in zip(frames[::2], frames[1::2], strict=True):
        picture = later.copy()
        first = 0 if order == "top" else 1
        picture[first::2] = earlier[first::2]
        woven.append(picture)
    return woven


def actor_speech(seconds: float, start: float = 1.0) -> np.ndarray:
    """Sound of the actor's film."""
    samples = load_waveform(actor_video()).samples
    return samples[round(start * SAMPLE_RATE) :][: round(seconds * SAMPLE_RATE)]


def music(seconds: float) -> np.ndarray:
    """Steady chords."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.2 * sum(np.sin(2 * np.pi * note * time) for note in (220, 277.2, 329.6)) / 3


def melody(seconds: float) -> np.ndarray:
    """Notes of a quarter of a second with overtones that fade, which voice activity detection takes for a voice."""
    time, random = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE, np.random.default_rng(1)
    pitches = 220 * 2 ** (random.integers(0, 13, round(4 * seconds)) / 12)
    notes = [sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 7)) for pitch in pitches]
    return 0.1 * np.concatenate([note * np.minimum(1, 100 * time) * np.exp(-4 * time) for note in notes])
