"""Base class of the video writers: frames are written one by one, and a failure leaves no file."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from av.container import OutputContainer
from jaxtyping import Float, UInt8
from typing_extensions import Self

from beavervision.errors import StorageError
from beavervision.video.planar_picture import Picture, PlanarPicture, RgbPicture
from beavervision.video.sound_feed import Blocks


class Signer(Protocol):
    """Signs a film as the last step of writing it."""

    @property
    def mark(self) -> str:
        """A sentence for the metadata of the film, see `film_mark`."""
        ...

    def sign(self, film: Path, place: Path) -> None:
        """Sign a complete film.

        Args:
            film: a file or a folder of images under a temporary name; may be replaced.
            place: the final path.
        """
        ...


class FilmWriter(ABC):
    """Writes frames and their sound. Use it as a context manager; `write` takes one frame at a time.

    Args:
        width, height: size of the frames, pixels.
        fps: frames per second.
        audio: mono sound in [-1, 1] whose first sample belongs to the first frame, whole or in blocks; written in
            full, unless `cut_sound` is set.
        audio_rate: samples per second.
        alpha: whether frames have an alpha channel.
        signer: signs the file before it gets its final name; when signing fails, no file is kept. None: unsigned.

    Raises:
        StorageError: when the output cannot be written.
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
        signer: Signer | None = None,
    ) -> None:
        self.size, self.fps, self.audio_rate, self.alpha = (width, height), fps, audio_rate, alpha
        self.sound: Iterable[Float[np.ndarray, "n"]] | None = [audio] if isinstance(audio, np.ndarray) else audio
        self.signer = signer
        self.n_frames, self.cut_sound = 0, False
        """Number of frames written so far. Whether the sound ends with the frames; may be set until the block ends."""
        self._container: OutputContainer | None = None
        self._place: Path | None = None
        self._part: Path | None = None
        self._open()

    def write(self, picture: UInt8[np.ndarray, "H W c"] | Picture) -> None:
        """Append one frame (RGB or RGBA, or as it is stored in footage), and the sound up to the frame's end.

        Raises:
            StorageError: when no more can be written.
            ValueError: when the frame has another size.
        """
        if isinstance(picture, PlanarPicture) and not self.takes_stored(picture):
            picture = picture.rgb
        if isinstance(picture, RgbPicture):
            picture = picture.rgb
        if isinstance(picture, PlanarPicture):
            expected, given = self.size, picture.size
        else:
            expected, given = (self.size[1], self.size[0], 4 if self.alpha else 3), picture.shape
        if given != expected:
            raise ValueError(f"a frame of {given} in a film of {expected}")
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

    def takes_stored(self, picture: PlanarPicture) -> bool:
        """Whether a frame of footage can be encoded as it is stored."""
        del picture
        return False

    @property
    def mark(self) -> str:
        """Sentence for the metadata; empty without a signer."""
        return "" if self.signer is None else self.signer.mark

    @abstractmethod
    def _open(self) -> None:
        """Start writing: set `_container` where there is one; `_place` and `_part` where the output has a file name."""

    @abstractmethod
    def _append(self, picture: Any) -> None:
        """Write a frame whose size was checked: RGB, RGBA, or stored where `takes_stored`."""

    @abstractmethod
    def _finish(self) -> None:
        """Write the rest when all frames are written."""

    @abstractmethod
    def _complaint(self, error: OSError) -> str:
        """Error message: what went wrong and the remedy."""

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()

    def _publish(self) -> None:
        """Rename the complete output to its final name."""
        if self._place is None or self._part is None:
            return
        if self.signer is not None:
            self.signer.sign(self._part, self._place)
        if self._part.is_dir():
            shutil.rmtree(self._place, ignore_errors=True)
        self._part.replace(self._place)

    def _discard(self) -> None:
        """Remove the incomplete output."""
        if self._part is None:
            return
        if self._part.is_dir():
            shutil.rmtree(self._part, ignore_errors=True)
        else:
            self._part.unlink(missing_ok=True)


def unwritable(place: object, error: Exception) -> str:
    """Error message for an output that cannot be written."""
    reason = getattr(error, "strerror", None) or error
    return f"{place} cannot be written ({reason}); free some space or choose another out=."
