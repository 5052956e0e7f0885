"""Write a film to another program: uncompressed, through a pipe."""

from __future__ import annotations

from types import TracebackType
from typing import BinaryIO

import av
import numpy as np
from jaxtyping import UInt8
from typing_extensions import Self

from beavervision.errors import BeaverError
from beavervision.video.film_encoder import FilmEncoder
from beavervision.video.formats import PIPE
from beavervision.video.sound_feed import Blocks


class PipeWriter:
    """Writes frames with their sound as NUT: raw RGB (or RGBA) and 16-bit sound; see `VideoWriter`.

    Args:
        pipe: open for writing bytes; never sought.
        width, height: pixels of the frames given.
        fps: frames per second.
        audio: mono sound in blocks.
        audio_rate: samples per second.
        alpha: whether frames come with opacity.
    """

    def __init__(
        self,
        pipe: BinaryIO,
        width: int,
        height: int,
        fps: float,
        audio: Blocks | None = None,
        audio_rate: int = 16_000,
        *,
        alpha: bool = False,
    ) -> None:
        self.cut_sound = False
        self._container = av.open(_OnlyForward(pipe), "w", format=PIPE.container, options=PIPE.options)
        self._film = FilmEncoder(self._container, PIPE, (width, height), fps, audio, audio_rate, alpha=alpha)

    @property
    def n_frames(self) -> int:
        """Frames written so far."""
        return self._film.n_frames

    def write(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        """Append one frame, and the sound up to its end.

        Raises:
            BeaverError: when the other program reads no more.
        """
        try:
            self._film.write(picture)
        except OSError as error:
            raise BeaverError(f"out=- is read no more ({error.strerror}); the other program has ended.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._film.finish(cut_sound=self.cut_sound)
            self._container.close()
        except OSError as failure:
            if kind is None:
                raise BeaverError(f"out=- is read no more ({failure}); the other program has ended.") from None


class _OnlyForward:
    """A file that PyAV takes for a pipe: it can be written to, and that is all."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> int:
        self._pipe.write(data)
        self._pipe.flush()
        return len(data)
