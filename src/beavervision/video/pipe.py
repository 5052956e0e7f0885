"""Writes an uncompressed video through a pipe to another program."""

from __future__ import annotations

from typing import Any, BinaryIO

import av
import numpy as np
from jaxtyping import UInt8

from beavervision.video.film_encoder import FilmEncoder
from beavervision.video.film_writer import FilmWriter
from beavervision.video.formats import PIPE


class PipeWriter(FilmWriter):
    """Writes frames and sound as NUT: raw RGB (or RGBA) and 16-bit sound.

    Args:
        pipe: binary stream, open for writing; it is never seeked.
        width, height, fps: see `FilmWriter`.
        options: `audio`, `audio_rate`, `alpha`, `signer`, see `FilmWriter`.
    """

    def __init__(self, pipe: BinaryIO, width: int, height: int, fps: float, *args: Any, **options: Any) -> None:
        self._pipe = pipe
        super().__init__(width, height, fps, *args, **options)

    def _open(self) -> None:
        container = av.open(_OnlyForward(self._pipe), "w", format=PIPE.container, options=PIPE.options)
        self._container = container
        self._film = FilmEncoder(
            container, PIPE, self.size, self.fps, self.sound, self.audio_rate, alpha=self.alpha, mark=self.mark
        )

    def _append(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        self._film.write(picture)

    def _finish(self) -> None:
        self._film.finish(cut_sound=self.cut_sound)

    def _complaint(self, error: OSError) -> str:
        return f"out=- is read no more ({error.strerror or error}); the other program has ended."


class _OnlyForward:
    """File object that PyAV treats as a pipe: it can only be written."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> int:
        self._pipe.write(data)
        self._pipe.flush()
        return len(data)
