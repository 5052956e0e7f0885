"""Feeds sound to its encoder in sync with the frames, without loading all of it into memory."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from jaxtyping import Float

PIECE = 1024
"""Number of samples passed to the encoder at once: the frame size of AAC."""
BIT_RATE = 128_000

Blocks = Iterable[Float[np.ndarray, "n"]]
"""Mono sound in [-1, 1], in blocks of any length."""


class Pieces:
    """Regroups blocks of any length into pieces of the requested length.

    Args:
        blocks: mono sound.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks, self._held = iter(blocks), np.zeros(0, np.float32)

    def take(self, n: int) -> Float[np.ndarray, "n"]:
        """Return the next `n` samples; fewer at the end."""
        while len(self._held) < n and (block := next(self._blocks, None)) is not None:
            self._held = np.concatenate([self._held, np.asarray(block, np.float32)])
        piece, self._held = self._held[:n], self._held[n:]
        return piece


class SoundFeed:
    """Feeds sound to the audio stream of a container.

    Args:
        stream: the audio stream, just added, its codec not yet open.
        blocks: the sound, at the stream's rate.
    """

    def __init__(self, stream: AudioStream, blocks: Blocks) -> None:
        stream.codec_context.layout = "mono"
        if stream.codec_context.name in ("aac", "libopus"):
            stream.bit_rate = BIT_RATE
        self._stream, self._pieces, self._given, self._ended = stream, Pieces(blocks), 0, False

    def until(self, time: Fraction) -> list[av.Packet]:
        """Encode the sound before `time` seconds, in whole pieces."""
        packets, stop = [], int(time * self._stream.rate)
        while not self._ended and self._given + PIECE <= stop:
            packets += self._encode(PIECE)
        return packets

    def rest(self, end: Fraction | None = None) -> list[av.Packet]:
        """Encode the rest of the sound, or the rest before `end` seconds, to the sample."""
        packets, stop = [], None if end is None else round(end * self._stream.rate)
        while not self._ended and (stop is None or self._given < stop):
            packets += self._encode(PIECE if stop is None else min(PIECE, stop - self._given))
        return packets + self._stream.encode(None)

    def _encode(self, n: int) -> list[av.Packet]:
        piece = self._pieces.take(n)
        self._ended = len(piece) < n
        if not len(piece):
            return []
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._stream.rate, self._given
        frame.time_base = Fraction(1, self._stream.rate)
        self._given += len(piece)
        return self._stream.encode(frame)
