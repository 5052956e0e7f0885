"""Opens footage: its facts, the part to use, its frames by time, and the sound in sync with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.manifest import sha256_file
from beavervision.audio.waveform import SAMPLE_RATE, Waveform, save_blocks, sound_blocks
from beavervision.errors import FootageError
from beavervision.preprocess.options import PrepareOptions
from beavervision.video.audio_tracks import audio_start
from beavervision.video.correction import NONE, Correction
from beavervision.video.decode import Frame, count, read_frames
from beavervision.video.probe import VideoInfo, probe

VERSION = 1

SHORTEST = 2
"""Smallest number of frames of a clip for training and testing."""

LONGEST_HOURS = 24
"""Longest clip; longer ones come from damaged time stamps."""

SILENCE_BLOCK = 1 << 16


@dataclass(frozen=True)
class Source:
    """Footage, opened for reading."""

    path: Path
    """Absolute path."""
    sha256: str
    info: VideoInfo
    fps: float
    start: float
    end: float | None
    n_frames: int
    """Number of frames at `fps` from `start` to `end`."""
    correction: Correction = NONE
    """Turn and deinterlacing of the frames; `info` describes the corrected frames."""

    @property
    def times(self) -> Float[np.ndarray, "T"]:
        """Time of each frame from the clip's start, seconds."""
        return np.arange(self.n_frames) / self.fps

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that determines the frames: the footage's hash, the selected part and the correction."""
        return {"sha256": self.sha256, "fps": self.fps, "start": self.start, "end": self.end, **vars(self.correction)}

    def frames(self, span: range) -> Iterator[Frame]:
        """Yield the clip's frames in `span`, in order, one in memory at a time; indices count from the clip's start."""
        begin, end = (self.start + tick / self.fps for tick in (span.start, span.stop))
        for frame in read_frames(self.path, self.fps, begin, end, self.correction):
            yield replace(frame, index=span.start + frame.index)

    def corrected(self, correction: Correction) -> Source:
        """Return the same footage with another correction of its frames, if it has none yet."""
        return replace(self, info=correction.applied(self.info), correction=correction)


def open_source(video: Path, options: PrepareOptions) -> Source:
    """Probe the footage and return it.

    Raises:
        FootageError: when it is missing, empty, no video, has no video stream, or the selected part is empty.
    """
    path = Path(video).expanduser().absolute()
    info = probe(path)
    n_frames = count(info, options.fps, options.start, options.end)
    if n_frames < SHORTEST:
        raise FootageError(
            f"{path} is {info.duration:.2f} s long and {n_frames} frames of it lie from data.start={options.start} "
            f"to data.end={options.end}; choose a longer part."
        )
    if n_frames > LONGEST_HOURS * 3600 * options.fps:
        raise FootageError(
            f"{path} is {n_frames / options.fps / 3600:.0f} h long by its time stamps; choose a part of at most "
            f"{LONGEST_HOURS} h with data.start= and data.end=, or copy it into a new file."
        )
    return Source(path, sha256_file(path), info, options.fps, options.start, options.end, n_frames)


def clip_sound(source: Source, track: int = 0, seconds: float = math.inf) -> Waveform | None:
    """The clip's sound: 16 kHz mono, sample 0 at frame 0, as long as the frames; None without sound.

    The start times of the streams keep it in sync: sound that starts after the video is preceded by silence.

    Args:
        source: the footage.
        track: number of the sound track.
        seconds: length up to which it is read.
    """
    blocks = _sound_blocks(source, track, seconds)
    return None if blocks is None else Waveform(np.concatenate([np.zeros(0, np.float32), *blocks]), SAMPLE_RATE)


def write_sound(source: Source, path: Path, track: int) -> bool:
    """Write the clip's sound, one of the footage's tracks, in blocks, so that long footage takes little memory.

    Returns:
        Whether there is any.

    Raises:
        StorageError: when the file cannot be written.
    """
    blocks = _sound_blocks(source, track, math.inf)
    if blocks is not None:
        save_blocks(path, blocks)
    return blocks is not None


def _sound_blocks(source: Source, track: int, seconds: float) -> Iterator[Float[np.ndarray, "n"]] | None:
    """`clip_sound` in blocks; None without sound."""
    begin = audio_start(source.path, track)
    if begin is None:
        return None
    n_samples = round(min(seconds, source.n_frames / source.fps) * SAMPLE_RATE)
    first = round((source.start + source.info.origin - begin) * SAMPLE_RATE)
    return _span(sound_blocks(source.path, track=track), first, n_samples)


def _span(blocks: Iterator[Float[np.ndarray, "n"]], first: int, n_samples: int) -> Iterator[Float[np.ndarray, "n"]]:
    """Yield samples `first` to `first + n_samples` of a sound; silence before and after it."""
    given, position = 0, 0
    for silence in _silence(min(n_samples, max(0, -first))):
        given += len(silence)
        yield silence
    for block in blocks:
        if given >= n_samples:
            return
        part = block[max(0, first - position) :][: n_samples - given]
        position += len(block)
        given += len(part)
        yield part
    yield from _silence(n_samples - given)


def _silence(n_samples: int) -> Iterator[Float[np.ndarray, "n"]]:
    """Yield zeros in blocks."""
    for start in range(0, n_samples, SILENCE_BLOCK):
        yield np.zeros(min(SILENCE_BLOCK, n_samples - start), np.float32)
