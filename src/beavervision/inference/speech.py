"""A speech in a file, heard a stretch at a time: its length costs no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.audio.level import WINDOW, spoken_level_of, window_powers
from beavervision.audio.speech_features import n_frames
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB, sound_blocks
from beavervision.errors import BeaverError
from beavervision.stages.audio2motion.network import STRIDE
from beavervision.video.sound_feed import Pieces

STRETCH = 375 * STRIDE
"""Frames heard at once: a minute at 25 a second."""
CONTEXT = 40 * STRIDE
"""Frames heard before and after a stretch: 6.4 s, more than GeneFace++'s networks reach (148 frames), or any filter."""


@dataclass(frozen=True)
class Stretch:
    """Some of a speech, with what is said before and after."""

    samples: Float[np.ndarray, "N"]
    """16 kHz mono."""
    first: int
    """Frame of the speech at which the samples begin."""
    frames: range
    """Frames of the speech that are meant."""


@dataclass(frozen=True, eq=False)
class Speech:
    """A speech that was listened to once, for its length and its level."""

    path: Path
    n_samples: int
    """At 16 kHz."""
    level_db: float
    """`audio.level.spoken_level_of` the whole: -inf where there is nothing but steady noise."""
    powers: Float[np.ndarray, "W"]
    """`audio.level.window_powers`: of an hour 1 MB."""

    @classmethod
    def listen(cls, path: Path | str) -> Speech:
        """Listen to a file from end to end.

        Args:
            path: any audio or video file.

        Raises:
            BeaverError: when it cannot be read, or is silent.
        """
        pieces, powers, count = Pieces(sound_blocks(path)), [], 0
        while len(samples := pieces.take(256 * WINDOW)):
            powers.append(window_powers(samples))
            count += len(samples)
        if not count:
            raise BeaverError(f"{path} holds no sound (0 samples); name a file with speech in it.")
        every = np.concatenate(powers)
        if every.max() <= 10 ** (SILENCE_DB / 10):
            raise BeaverError(f"{path} is silent from end to end; name a file with speech in it.")
        return cls(Path(path), count, spoken_level_of(every), every)

    @property
    def seconds(self) -> float:
        """Length."""
        return self.n_samples / SAMPLE_RATE

    def frames(self, fps: float) -> int:
        """Frames of motion that cover it."""
        return n_frames(self.n_samples, fps)

    def stretches(self, fps: float, size: int = STRETCH, context: int = CONTEXT) -> Iterator[Stretch]:
        """Yield the speech in stretches that follow each other.

        Args:
            fps: frames of motion per second.
            size: frames of a stretch, a multiple of audio2motion's STRIDE.
            context: frames before and after, the same.
        """
        count, pieces = self.frames(fps), Pieces(sound_blocks(self.path))
        held, at = np.zeros(0, np.float32), 0
        for start in range(0, count, size):
            first, stop = max(0, start - context), min(count, start + size + context)
            begin = round(first * SAMPLE_RATE / fps)
            end = self.n_samples if stop == count else round(stop * SAMPLE_RATE / fps)
            held, at = held[begin - at :], begin
            held = np.concatenate([held, pieces.take(end - at - len(held))])
            yield Stretch(held, first, range(start, min(start + size, count)))


def mixed(speeches: list[Speech], rate: int) -> Iterator[Float[np.ndarray, "n"]]:
    """Yield the sound of speeches that begin together, added up, in blocks.

    Args:
        speeches: at least one.
        rate: samples per second of the result.
    """
    voices = [Pieces(sound_blocks(speech.path, rate)) for speech in speeches]
    while True:
        pieces = [voice.take(1 << 14) for voice in voices]
        length = max(len(piece) for piece in pieces)
        if not length:
            return
        total = np.sum([np.pad(piece, (0, length - len(piece))) for piece in pieces], 0)
        yield np.clip(total, -1, 1).astype(np.float32) if len(pieces) > 1 else pieces[0]
