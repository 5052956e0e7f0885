"""Write a film to a file: H.264 in mp4, VP9 in webm, ProRes with opacity in mov; sound that starts where it should."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import av
import numpy as np
from jaxtyping import Float, UInt8
from typing_extensions import Self

from beavervision.errors import BeaverError
from beavervision.video.film_encoder import FilmEncoder
from beavervision.video.formats import format_of
from beavervision.video.sound_feed import Blocks


class VideoWriter:
    """Writes frames with their sound; the suffix chooses the format (`formats.FORMATS`).

    Use it as a context manager; `write` takes one frame at a time. The file appears under its name when the
    block ends well; when it fails, nothing is left. Odd sizes are padded by repeating the border.

    Args:
        path: where.
        width, height: pixels of the frames given.
        fps: frames per second.
        audio: mono sound in [-1, 1] whose first sample belongs to the first frame, whole or in blocks; written in
            full.
        audio_rate: samples per second.
        crf: constant rate factor, 0 (best) .. 51 (mp4) or 63 (webm); None is visually lossless.
        preset: x264's preset, ultrafast .. veryslow.
        alpha: whether frames come with opacity.

    Raises:
        BeaverError: when the place cannot be written to or the suffix stands for no format.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        audio: Float[np.ndarray, "N"] | Blocks | None = None,
        audio_rate: int = 16_000,
        crf: float | None = None,
        preset: str = "medium",
        *,
        alpha: bool = False,
    ) -> None:
        self.path, self.cut_sound = Path(path), False
        """`cut_sound`: whether the sound ends with the picture; may be set until the block ends."""
        kind = format_of(self.path)
        self._part = self.path.with_name(f".{self.path.stem}.part{self.path.suffix}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w", format=kind.container, options=kind.options)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise BeaverError(unwritable(self.path, error)) from None
        sound = [audio] if isinstance(audio, np.ndarray) else audio
        self._film = FilmEncoder(
            self._container, kind, (width, height), fps, sound, audio_rate, crf=crf, preset=preset, alpha=alpha
        )

    @property
    def n_frames(self) -> int:
        """Frames written so far."""
        return self._film.n_frames

    def write(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        """Append one frame (RGB, or RGB and opacity), and the sound up to its end.

        Raises:
            BeaverError: when the disk is full.
        """
        try:
            self._film.write(picture)
        except OSError as error:
            raise BeaverError(unwritable(self.path, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._film.finish(cut_sound=self.cut_sound)
            self._container.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as failure:
            if kind is None:
                raise BeaverError(unwritable(self.path, failure)) from failure
        finally:
            self._part.unlink(missing_ok=True)


def unwritable(path: Path | str, error: Exception) -> str:
    """The sentence that says why a place cannot be written to."""
    reason = getattr(error, "strerror", None) or error
    return f"{path} cannot be written ({reason}); free some space or choose another out=."
