"""What every writer of a film has in common: frames come one by one, and what fails leaves nothing behind."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
from av.container import OutputContainer
from jaxtyping import Float, UInt8
from typing_extensions import Self

from beavervision.errors import StorageError
from beavervision.video.sound_feed import Blocks


class FilmWriter(ABC):
    """Writes frames with their sound. Use it as a context manager; `write` takes one frame at a time.

    Args:
        width, height: pixels of the frames given.
        fps: frames per second.
        audio: mono sound in [-1, 1] whose first sample belongs to the first frame, whole or in blocks; written in
            full, unless `cut_sound` is set.
        audio_rate: samples per second.
        alpha: whether frames come with opacity.

    Raises:
        StorageError: when the place cannot be written to.
    """

    def __init__(
        self,
        width: int,
        height: int,
        fps: float,
        audio: Float[np.ndarray, "N"] | Blocks | None = None,
        audio_rate: int = 16_000,
        *,
        alpha: bool = False,
    ) -> None:
        self.size, self.fps, self.audio_rate, self.alpha = (width, height), fps, audio_rate, alpha
        self.sound: Iterable[Float[np.ndarray, "n"]] | None = [audio] if isinstance(audio, np.ndarray) else audio
        self.n_frames, self.cut_sound = 0, False
        """Frames written so far. Whether the sound ends with the picture; may be set until the block ends."""
        self._container: OutputContainer | None = None
        self._place: Path | None = None
        self._part: Path | None = None
        self._open()

    def write(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        """Append one frame (RGB, or RGB and opacity), and the sound up to its end.

        Raises:
            StorageError: when the place takes no more.
            ValueError: when the frame has another size.
        """
        expected = (self.size[1], self.size[0], 4 if self.alpha else 3)
        if picture.shape != expected:
            raise ValueError(f"a frame of {picture.shape} in a film of {expected}")
        try:
            self._append(picture)
        except OSError as error:
            raise StorageError(self._complaint(error)) from error
        self.n_frames += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
            self._close()
            if kind is None:
                self._publish()
        except OSError as failure:
            if kind is None:
                raise StorageError(self._complaint(failure)) from failure
        finally:
            self._discard()

    @abstractmethod
    def _open(self) -> None:
        """Begin to write: set `_container` where there is one; `_place`, `_part` where the film has names."""

    @abstractmethod
    def _append(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        """Write a frame of the right size."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left when the film is whole."""

    @abstractmethod
    def _complaint(self, error: OSError) -> str:
        """The sentence that says what went wrong and what helps."""

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()

    def _publish(self) -> None:
        """Give the whole film its name."""
        if self._place is None or self._part is None:
            return
        if self._part.is_dir():
            shutil.rmtree(self._place, ignore_errors=True)
        self._part.replace(self._place)

    def _discard(self) -> None:
        """Remove what has no name."""
        if self._part is None:
            return
        if self._part.is_dir():
            shutil.rmtree(self._part, ignore_errors=True)
        else:
            self._part.unlink(missing_ok=True)


def unwritable(place: object, error: Exception) -> str:
    """The sentence that says why a place cannot be written to."""
    reason = getattr(error, "strerror", None) or error
    return f"{place} cannot be written ({reason}); free some space or choose another out=."
