"""Open footage: what it is, which part is used, its frames by time, and its sound in step with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.manifest import sha256_file
from beavervision.audio.waveform import SAMPLE_RATE, Waveform, load_waveform, save_waveform
from beavervision.errors import FootageError
from beavervision.preprocess.options import PrepareOptions
from beavervision.video.decode import Frame, count, read_frames
from beavervision.video.probe import VideoInfo, probe

VERSION = 1

SHORTEST = 2
"""Frames that a clip must have to be learnt from and tested on."""


@dataclass(frozen=True)
class Source:
    """Footage that is only ever read."""

    path: Path
    """Absolute."""
    sha256: str
    info: VideoInfo
    fps: float
    start: float
    end: float | None
    n_frames: int
    """Ticks of `fps` from `start` to `end`."""

    @property
    def times(self) -> Float[np.ndarray, "T"]:
        """Seconds of each frame from the clip's start."""
        return np.arange(self.n_frames) / self.fps

    @property
    def recipe(self) -> dict[str, Any]:
        """What decides the frames and the sound: the footage's bytes and the part of them that is wanted."""
        return {"sha256": self.sha256, "fps": self.fps, "start": self.start, "end": self.end}

    def frames(self, span: range) -> Iterator[Frame]:
        """The clip's frames in `span`, in order, one in memory at a time; their indices count from the clip's start."""
        begin, end = (self.start + tick / self.fps for tick in (span.start, span.stop))
        for frame in read_frames(self.path, self.fps, begin, end):
            yield replace(frame, index=span.start + frame.index)


def open_source(video: Path, options: PrepareOptions) -> Source:
    """Probe and name the footage.

    Raises:
        FootageError: when it is missing, empty, no video, has no picture, or nothing lies between start and end.
    """
    path = Path(video).expanduser().absolute()
    info = probe(path)
    n_frames = count(info, options.fps, options.start, options.end)
    if n_frames < SHORTEST:
        raise FootageError(
            f"{path} is {info.duration:.2f} s long and {n_frames} frames of it lie from data.start={options.start} "
            f"to data.end={options.end}; choose a longer part."
        )
    return Source(path, sha256_file(path), info, options.fps, options.start, options.end, n_frames)


def clip_sound(source: Source) -> Waveform | None:
    """The clip's sound: 16 kHz mono, sample 0 at frame 0, as long as the frames; None where there is none.

    The streams' own start times keep it in step: sound that begins after the picture is preceded by silence.
    """
    if source.info.audio_start is None:
        return None
    samples = load_waveform(source.path).samples
    length = round(source.n_frames / source.fps * SAMPLE_RATE)
    first = round((source.start - source.info.audio_start) * SAMPLE_RATE)
    padded = np.pad(samples, (max(0, -first), 0))[max(0, first) :][:length]
    return Waveform(np.pad(padded, (0, length - len(padded))), SAMPLE_RATE)


def write_sound(source: Source, path: Path) -> Waveform | None:
    """Write the clip's sound to `path`, where there is any."""
    sound = clip_sound(source)
    if sound is not None:
        save_waveform(path, sound)
    return sound
