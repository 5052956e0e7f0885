"""Speech from a file, read chunk by chunk so that memory does not depend on its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.audio.features import n_frames
from beavervision.audio.level import WINDOW, spoken_level_of, window_powers
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB, sound_blocks
from beavervision.errors import AudioError
from beavervision.stages.audio2motion.network import STRIDE
from beavervision.video.sound_feed import Pieces

CHUNK_FRAMES = 375 * STRIDE
"""Frames of motion predicted at once: one minute at 25 fps."""
CONTEXT_FRAMES = 40 * STRIDE
"""Frames of context before and after a chunk: 6.4 s at 25 fps. No network or filter reaches further."""
MIX_BLOCK = 1 << 14
"""Samples mixed at once."""


@dataclass(frozen=True)
class SpeechChunk:
    """A part of a speech, with context before and after it."""

    samples: Float[np.ndarray, "N"]
    """16 kHz mono, context included."""
    first: int
    """Frame of the speech at which `samples` begin."""
    frames: range
    """Frames of the speech that belong to this chunk, without the context."""


@dataclass(frozen=True, eq=False)
class Speech:
    """A speech file whose length and level are known; the samples are read again when they are needed."""

    path: Path
    n_samples: int
    """Length in samples at 16 kHz."""
    level_db: float
    """Speech level of the whole file (`audio.level.spoken_level_of`); -inf where there is only steady noise."""
    window_power: Float[np.ndarray, "W"]
    """Power of each window (`audio.level.window_powers`); 1 MB for an hour."""
    track: int = 0
    """Number of the sound track, for files with several."""

    @classmethod
    def from_file(cls, path: Path | str, track: int = 0) -> Speech:
        """Read a file once from end to end and measure it.

        Args:
            path: any audio or video file.
            track: number of the sound track, for files with several; `speech_track.choose_speech_track` finds it.

        Raises:
            AudioError: when the file cannot be read, or is silent.
        """
        pieces, powers, count = Pieces(sound_blocks(path, track=track)), [], 0
        while len(samples := pieces.take(256 * WINDOW)):
            powers.append(window_powers(samples))
            count += len(samples)
        if not count:
            raise AudioError(f"{path} holds no sound (0 samples); name a file with speech in it.")
        power = np.concatenate(powers)
        if power.max() <= 10 ** (SILENCE_DB / 10):
            raise AudioError(f"{path} is silent from end to end; name a file with speech in it.")
        return cls(Path(path), count, spoken_level_of(power), power, track)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.n_samples / SAMPLE_RATE

    def n_frames(self, fps: float) -> int:
        """Number of motion frames that cover the speech, at `fps` frames per second."""
        return n_frames(self.n_samples, fps)

    def chunks(
        self, fps: float, chunk_frames: int = CHUNK_FRAMES, context_frames: int = CONTEXT_FRAMES
    ) -> Iterator[SpeechChunk]:
        """Yield the speech as consecutive chunks.

        Args:
            fps: frames of motion per second.
            chunk_frames: frames of a chunk, a multiple of audio2motion's STRIDE.
            context_frames: frames before and after a chunk, a multiple of STRIDE as well.
        """
        count, pieces = self.n_frames(fps), Pieces(sound_blocks(self.path, track=self.track))
        buffer, offset = np.zeros(0, np.float32), 0
        for start in range(0, count, chunk_frames):
            first, stop = max(0, start - context_frames), min(count, start + chunk_frames + context_frames)
            begin = round(first * SAMPLE_RATE / fps)
            end = self.n_samples if stop == count else round(stop * SAMPLE_RATE / fps)
            buffer, offset = buffer[begin - offset :], begin
            buffer = np.concatenate([buffer, pieces.take(end - offset - len(buffer))])
            yield SpeechChunk(buffer, first, range(start, min(start + chunk_frames, count)))


def mix_speeches(speeches: Sequence[Speech], sample_rate: int) -> Iterator[Float[np.ndarray, "n"]]:
    """Yield the sum of speeches that start together, as blocks of mono samples in [-1, 1].

    Args:
        speeches: at least one.
        sample_rate: samples per second of the result.
    """
    voices = [Pieces(sound_blocks(speech.path, sample_rate, track=speech.track)) for speech in speeches]
    while True:
        pieces = [voice.take(MIX_BLOCK) for voice in voices]
        length = max(len(piece) for piece in pieces)
        if not length:
            return
        total = np.sum([np.pad(piece, (0, length - len(piece))) for piece in pieces], 0)
        yield np.clip(total, -1, 1).astype(np.float32) if len(pieces) > 1 else pieces[0]
